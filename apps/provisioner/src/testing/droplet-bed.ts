import { randomUUID } from 'node:crypto';
import { createDigitalOcean, type DigitalOcean, createMemoryBudget, DIGITALOCEAN_LIMITS, type RequestBudget } from '@trawling/digitalocean';
import { type FakeDigitalOcean, type FakeOptions, type PrismProxy, startFakeDigitalOcean, startPrismProxy } from '@trawling/digitalocean-fake';
import { type Clock, systemClock } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { createDigitalOceanDriver, type DigitalOceanDriver, type DigitalOceanDriverDeps } from '../digitalocean/digitalocean-driver.js';
import { type DropletSettings } from '../digitalocean/droplet-settings.js';
import { type MachineKey, type MachineOrder } from '../machines/machine-driver.js';
import { type DriverBed } from './driver-contract.js';

/** A DigitalOcean of one spec file, behind its own description. Each bed in it is an installation of its own. */
export async function startDigitalOcean(options: FakeOptions = {}) {
  const many = 1_000_000;
  const fake = await startFakeDigitalOcean({ rateLimits: { minute: many, hour: many }, ...options });
  const prism = await startPrismProxy({ upstream: fake.url }).catch(async (error: unknown) => {
    await fake.stop();
    throw error;
  });
  return {
    fake,
    prism,
    async stop(): Promise<void> {
      await prism.stop();
      await fake.stop();
    },
  };
}

export type Droplets = { fake: FakeDigitalOcean; prism: PrismProxy };

/** Without keys: listing them is limited to ten times a minute. */
export const dropletSettings: DropletSettings = {
  region: 'fra1', size: null, memoryMb: 2048, image: 'debian-12-x64', vpcUuid: null, sshKeys: [], monitoring: true,
};

/** Limits that no test reaches, for those that are not about limits. */
const UNLIMITED = {
  minute: { ...DIGITALOCEAN_LIMITS.minute, limit: 1_000_000 },
  hour: { ...DIGITALOCEAN_LIMITS.hour, limit: 1_000_000 },
};

export type DropletBed = Omit<DriverBed, 'driver' | 'openDriver'> & {
  driver: DigitalOceanDriver;
  client: DigitalOcean;
  openDriver: (installationId?: string, changes?: Partial<DigitalOceanDriverDeps>) => Promise<DigitalOceanDriver>;
  /** As of a process that has not yet examined the account. */
  newDriver: (installationId?: string, changes?: Partial<DigitalOceanDriverDeps>) => DigitalOceanDriver;
  logger: ReturnType<typeof createMemoryLogger>;
};

export async function openDropletBed({ fake, prism }: Droplets, options: { clock?: Clock; token?: string; budget?: RequestBudget; changes?: Partial<DigitalOceanDriverDeps> } = {}): Promise<DropletBed> {
  const clock = options.clock ?? systemClock;
  const installationId: string = randomUUID();
  const logger = createMemoryLogger();
  const client = createDigitalOcean({
    token: options.token ?? 'dop_v1_test',
    baseUrl: prism.url,
    clock,
    random: Math.random,
    logger: logger.logger,
    budget: options.budget ?? createMemoryBudget({ clock, random: Math.random, limits: UNLIMITED }),
    requestTimeoutMs: 5_000,
  });
  const newDriver = (installation: string = installationId, changes: Partial<DigitalOceanDriverDeps> = {}): DigitalOceanDriver =>
    createDigitalOceanDriver({
      client,
      clock,
      logger: logger.logger,
      installationId: installation,
      settings: dropletSettings,
      addresses: { syncAdapterUrl: 'https://bots.example.com', dataRetrievalUrl: null },
      renderUserData: ({ botId, generation }, order) => `#cloud-config\n# ${botId} ${generation} ${order.enrollmentToken}\n`,
      ...options.changes,
      ...changes,
    });
  const openDriver = async (installation?: string, changes?: Partial<DigitalOceanDriverDeps>): Promise<DigitalOceanDriver> => {
    const driver = newDriver(installation, changes);
    await driver.examine();
    return driver;
  };
  return {
    driver: await openDriver(),
    client,
    installationId,
    openDriver,
    newDriver,
    logger,
    order: (_key: MachineKey): MachineOrder => ({
      installation_id: installationId,
      sync_adapter_url: 'https://bots.example.com',
      root_public_jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
      agent_sha256: `sha256:${'ab'.repeat(32)}`,
      data_retrieval_url: null,
      enrollmentToken: `tte_${randomUUID()}_secret`,
    }),
    turnOff: async (providerId) => fake.powerOff(Number(providerId)),
    close: async () => client.close(),
  };
}
