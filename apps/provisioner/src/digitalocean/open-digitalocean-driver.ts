import { readFileSync } from 'node:fs';
import { type BudgetStore, createDigitalOcean, createRequestBudget } from '@trawling/digitalocean';
import { type Metrics } from '@trawling/http';
import { type Clock, type Logger, type OnStop } from '@trawling/runtime';
import { certificatesIn, checkSharedSettings, renderUserData, type SharedSettings } from '@trawling/user-data';
import { z } from 'zod';
import { type Env } from '../env.js';
import { type MachineKey, type MachineOrder } from '../machines/machine-driver.js';
import { countRequests } from './count-requests.js';
import { createDigitalOceanDriver, type DigitalOceanDriver } from './digitalocean-driver.js';
import { type FleetAccountDeps } from './fleet-account.js';

export type OpenDigitalOceanDeps = {
  /** Where the request budget is, which all processes with this token share. */
  store: BudgetStore;
  clock: Clock;
  random: () => number;
  logger: Logger;
  metrics: Metrics;
  installationId: string;
  claimAccount: FleetAccountDeps['claimAccount'];
};

/** Reads what machines are made of; throws when that is not there, before anything was asked of DigitalOcean. */
export function openDigitalOceanDriver(onStop: OnStop, env: Env, deps: OpenDigitalOceanDeps): DigitalOceanDriver {
  const { clock, random, logger, metrics, installationId, claimAccount } = deps;
  const { DIGITALOCEAN_TOKEN: token, DIGITALOCEAN_API_URL: baseUrl } = env;
  if (token === undefined) throw new Error('The DigitalOcean driver needs DIGITALOCEAN_TOKEN');
  const budget = countRequests(metrics, createRequestBudget({ store: deps.store, clock, random }), deps.store);
  const client = createDigitalOcean({ token, baseUrl, clock, random, logger, budget });
  onStop(() => client.close(), 'DigitalOcean client');
  return createDigitalOceanDriver({
    client,
    clock,
    logger,
    installationId,
    claimAccount,
    addresses: { syncAdapterUrl: env.SYNC_ADAPTER_URL, dataRetrievalUrl: env.DATA_RETRIEVAL_URL ?? null },
    settings: {
      region: env.DIGITALOCEAN_REGION,
      size: env.DIGITALOCEAN_SIZE ?? null,
      memoryMb: env.DIGITALOCEAN_MEMORY_MB,
      image: env.DIGITALOCEAN_IMAGE,
      vpcUuid: env.DIGITALOCEAN_VPC ?? null,
      sshKeys: env.DIGITALOCEAN_SSH_KEYS,
      monitoring: env.DIGITALOCEAN_MONITORING,
    },
    renderUserData: userDataRenderer(env),
  });
}

function userDataRenderer(env: Env): (key: MachineKey, order: MachineOrder) => string {
  const shared = sharedSettings(env);
  return ({ botId, generation }, { packages, ...order }) => {
    // From the database, as the file itself: what the user data names can be fetched.
    if (!packages) throw new Error('no lock of the bot\'s OpenClaw is published ("admin publish-openclaw")');
    return renderUserData({
      ...shared,
      bot_id: botId,
      generation,
      installation_id: order.installation_id,
      sync_adapter_url: order.sync_adapter_url,
      root_public_jwk: order.root_public_jwk,
      agent_sha256: order.agent_sha256,
      data_retrieval_url: order.data_retrieval_url,
      enrollment_token: order.enrollmentToken,
      packages,
    });
  };
}

/** What is wrong for every machine is said at the start, not by each bot. */
function sharedSettings(env: Env): SharedSettings {
  const { MACHINE_APT_MIRROR: primary, MACHINE_APT_SECURITY_MIRROR: security } = env;
  const shared: SharedSettings = {
    sync_adapter_url: env.SYNC_ADAPTER_URL,
    data_retrieval_url: env.DATA_RETRIEVAL_URL ?? null,
    sources: { npm_registry: env.MACHINE_NPM_REGISTRY, apt: primary === undefined || security === undefined ? null : { primary, security } },
    ca_certificate_pem: env.MACHINE_CA_FILE === undefined ? null : readCertificates(env.MACHINE_CA_FILE),
  };
  try {
    checkSharedSettings(shared);
  } catch (error) {
    throw new Error(`No user data can be made with these settings: ${messageOf(error)}`, { cause: error });
  }
  return shared;
}

function readCertificates(file: string): string {
  try {
    return certificatesIn(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`MACHINE_CA_FILE (${file}) cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

const Failure = z.object({ message: z.string() });
const messageOf = (error: unknown): string => Failure.safeParse(error).data?.message ?? 'unknown reason';
