import { randomUUID } from 'node:crypto';
import { createDigitalOcean, createMemoryBudget, type DigitalOcean } from '@trawling/digitalocean';
import { createLogger, systemClock } from '@trawling/runtime';
import { createDigitalOceanDriver } from '../digitalocean/digitalocean-driver.js';
import { botTag, dropletName } from '../digitalocean/droplet-identity.js';
import { cleanUp, type Leftovers } from './clean-up.js';
import { type SmokeDeps } from './smoke-options.js';
import { within } from './within.js';

/** Does nothing but exist: what is tried here is DigitalOcean. */
const USER_DATA = '#cloud-config\n{}\n';

export const openSmokeClient = ({ env }: Pick<SmokeDeps, 'env'>): DigitalOcean =>
  createDigitalOcean({
    token: env.DIGITALOCEAN_TOKEN,
    baseUrl: env.DIGITALOCEAN_API_URL,
    clock: systemClock,
    random: Math.random,
    logger: createLogger({ name: 'smoke', level: 'silent' }),
    budget: createMemoryBudget({ clock: systemClock, random: Math.random }),
  });

/**
 * One droplet of a fleet of its own, through the very driver that the provisioner uses: examined, made, found, made again
 * without becoming two, destroyed. Says what only the real cloud can tell. Whatever happens, nothing is left.
 */
export async function smokeDroplet(deps: SmokeDeps, client: DigitalOcean): Promise<void> {
  const { env, pace, say, signal } = deps;
  const installationId = randomUUID();
  const openDriver = () => createDigitalOceanDriver({
    client,
    clock: systemClock,
    logger: createLogger({ name: 'smoke', level: 'silent' }),
    installationId,
    settings: { region: env.DIGITALOCEAN_REGION, size: null, memoryMb: 2048, image: env.DIGITALOCEAN_IMAGE, vpcUuid: null, sshKeys: [], monitoring: false },
    addresses: { syncAdapterUrl: 'https://bots.example.com', dataRetrievalUrl: null },
    renderUserData: () => USER_DATA,
  });
  const key = { botId: randomUUID(), generation: 1 };
  const run: Leftovers = { installationId, botId: key.botId, ids: new Set(), seen: new Set(), isOpen: false };
  /** Notes what a create left, or that it may have. */
  const create = async (driver: ReturnType<typeof openDriver>) => {
    run.isOpen = true;
    const made = await driver.create(key, order);
    run.isOpen = made.outcome === 'unknown';
    if (made.outcome === 'accepted') run.ids.add(Number(made.providerId));
    return made;
  };
  const order = {
    installation_id: installationId, sync_adapter_url: 'https://bots.example.com', data_retrieval_url: null, enrollmentToken: 'tte_none',
    root_public_jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) }, agent_sha256: `sha256:${'0'.repeat(64)}`,
  } as const;
  say(`  fleet ${installationId}`);
  try {
    const driver = openDriver();
    const report = await driver.examine();
    for (const { name, result, detail } of report?.checks ?? []) say(`  ${result.padEnd(7)} ${name}: ${detail}`);
    if (!report?.chosen) throw new Error('the account is not ready: see above');
    say(`  the droplet is ${report.chosen.size} in ${report.chosen.region}, $${report.chosen.hourlyUsd} for each begun hour`);

    const begunAt = systemClock.monotonicMs();
    const seconds = (): string => `${((systemClock.monotonicMs() - begunAt) / 1000).toFixed(1)} s`;
    const made = await create(driver);
    if (made.outcome !== 'accepted') throw new Error(`the create was ${made.outcome}: ${'reason' in made ? made.reason : ''}`);
    const { providerId } = made;
    const look = async () => {
      const droplet = await client.getDroplet(Number(providerId));
      if (droplet) run.seen.add(droplet.id);
      return droplet;
    };
    say(`  droplet ${providerId} accepted after ${seconds()}`);

    await Promise.all([
      within({ ...pace, signal, what: 'its tag is listed', ms: pace.activeMs }, async () => (await client.listDroplets({ tag: botTag(key.botId) })).length === 1).then(() => say(`  listed by its tag after ${seconds()}`)),
      within({ ...pace, signal, what: 'its name is listed', ms: pace.activeMs }, async () => (await client.listDroplets({ name: dropletName(key) })).length === 1).then(() => say(`  listed by its name after ${seconds()}`)),
      within({ ...pace, signal, what: 'it is active', ms: pace.activeMs }, async () => (await look())?.status === 'active').then(() => say(`  active after ${seconds()}`)),
    ]);

    const other = openDriver();
    await other.examine();
    const second = await create(other);
    if (second.outcome !== 'accepted' || second.providerId !== providerId) throw new Error(`a second create made something else: ${JSON.stringify(second)}`);
    say('  created again: the same droplet');

    const destroyedAt = systemClock.monotonicMs();
    await driver.destroy(providerId);
    await within({ ...pace, signal, what: 'it is gone', ms: pace.goneMs }, async () => (await look()) === null);
    run.ids.delete(Number(providerId));
    say(`  gone ${((systemClock.monotonicMs() - destroyedAt) / 1000).toFixed(1)} s after the delete`);
  } catch (error) {
    say(`  failed: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  } finally {
    await cleanUp(deps, client, run);
  }
}
