import { randomBytes } from 'node:crypto';
import { claimFleetAccount, type Database, findFleetClaim, findInstallation, machineStore, openclawLockStore, openDatabase, orphanMachineStore, providerBudgetStore } from '@trawling/database';
import { createHttpApp, drain, listen, mountRoutes } from '@trawling/http';
import { assertQueueBackend, chooseQueueBackend, openMachineQueue, startMachineWorker } from '@trawling/queues';
import { type Logger, type OnStop, systemClock, uuid7, waitAtMost, withReleasers } from '@trawling/runtime';
import type { Env } from './env.js';
import { openDigitalOceanDriver } from './digitalocean/open-digitalocean-driver.js';
import { warnUnpublished } from './digitalocean/warn-unpublished.js';
import { openLocalDriver } from './local/open-local-driver.js';
import { type MachineDriver } from './machines/machine-driver.js';
import { reconcileMachine, RECONCILE_TIMINGS, type ReconcileDeps } from './machines/reconcile-machine.js';
import { startSweepLoop } from './machines/sweep-loop.js';
import { newSweepMemory, type SweepMemory, sweepMachines } from './machines/sweep-machines.js';
import { provisionerRoutes } from './routes.js';

/** Machines of one provisioner that are worked on at the same time. */
const CONCURRENCY = 8;
/** An account that takes longer to answer is examined while machines are destroyed already. */
const EXAMINED_WITHIN_MS = 15_000;
/** A look at a machine that takes longer when stopping is left to the next provisioner. */
const WORKER_STOP_MS = 6_000;

export type ProvisionerOptions = {
  logger: Logger;
  version: string;
  /** The bundled supervisor of the local machines. */
  supervisorFile: string;
  /** Of this process; machines get a few harmless names of it. */
  environment: Record<string, string | undefined>;
};

/** Opens everything and begins to work; `stop` ends the work and leaves the machines running. */
export const compose = (env: Env, options: ProvisionerOptions) =>
  withReleasers(async (onStop) => {
    const { logger } = options;
    const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = env;
    const database = await openDatabase({ url: databaseUrl, logger });
    onStop(() => database.close(), 'database');
    await assertQueueBackend(database, chooseQueueBackend({ redisUrl }));
    const driver = await openDriver(onStop, env, { ...options, database, installationId: await installationId(database) });
    const store = machineStore(database.pool);
    const memory = newSweepMemory();
    const deps: ReconcileDeps = {
      store,
      driver,
      clock: systemClock,
      logger,
      newId: uuid7,
      randomBytes,
      machineSettings: {
        installationId: await installationId(database),
        syncAdapterUrl: env.SYNC_ADAPTER_URL,
        dataRetrievalUrl: env.DATA_RETRIEVAL_URL ?? null,
      },
      timings: RECONCILE_TIMINGS,
      providerInDoubt: () => memory.providerInDoubt,
    };
    const queue = openMachineQueue({ redisUrl, databaseUrl, logger });
    onStop(() => queue.close(), 'machine queue');
    await startWorker(onStop, deps, { redisUrl, databaseUrl });

    // Machines on this computer cost nothing and are ours alone.
    const mode = env.REAP_ORPHANS ?? (driver.kind === 'local' ? 'destroy' : 'report');
    const orphans = orphanMachineStore(database.pool);
    const sweep = () => sweepMachines({ store, orphans, driver, mode, enqueue: queue.enqueue, logger }, memory);
    const loop = startSweepLoop({ clock: systemClock, logger, random: Math.random }, { everyMs: env.SWEEP_SECONDS * 1000, sweep });
    onStop(() => loop.stop(), 'sweep');

    const listening = await listen(statusApp({ ...options, database, driver, memory, redisUrl }), { port: env.PORT, host: env.HOST });
    onStop(() => drain(listening.server), 'listener');
    logger.info({ url: listening.url, driver: driver.kind, queue: chooseQueueBackend({ redisUrl }) }, 'listening');
    return { url: listening.url };
  });

const NOT_THE_FLEETS = {
  another:
    'The machines of this installation are run from another database: this one is a copy of it, restored or for tests. '
    + 'Nothing is made or destroyed from here. If it has taken the other one\'s place, run "admin adopt-fleet"; for a fleet of its own, start with an empty database',
  none:
    'Nobody has said that the machines of this installation are run from this database, as "admin init" does since there are droplets; it may be a copy. '
    + 'Nothing is made or destroyed from here. If no other database has this installation, run "admin adopt-fleet"',
} as const;

async function openDriver(onStop: OnStop, env: Env, options: ProvisionerOptions & { database: Database; installationId: string }): Promise<MachineDriver> {
  const { database, logger, installationId } = options;
  if (env.MACHINE_DRIVER === 'local') return openLocalDriver(onStop, env, options);
  const claim = await findFleetClaim(database.pool);
  if (claim !== 'ours') throw new Error(NOT_THE_FLEETS[claim]);
  const driver = openDigitalOceanDriver(onStop, env, { store: providerBudgetStore(database.pool, 'digitalocean'), clock: systemClock, random: Math.random, logger, installationId, claimAccount: (account) => claimFleetAccount(database.pool, account) });
  // Its findings are in the log before the first machine is asked for; what is wrong keeps creates waiting, nothing else.
  await waitAtMost(systemClock, EXAMINED_WITHIN_MS, driver.examine());
  await warnUnpublished(openclawLockStore(database.pool), logger);
  return driver;
}

async function startWorker(onStop: OnStop, deps: ReconcileDeps, urls: { redisUrl: string | undefined; databaseUrl: string }): Promise<void> {
  const stopping = new AbortController();
  const worker = await startMachineWorker({
    ...urls,
    logger: deps.logger,
    concurrency: CONCURRENCY,
    handle: async ({ botId }) => void (await reconcileMachine(deps, { botId, signal: stopping.signal })),
  });
  onStop(async () => {
    stopping.abort();
    await waitAtMost(systemClock, WORKER_STOP_MS, worker.close());
  }, 'machine worker');
}

function statusApp(input: ProvisionerOptions & { database: Database; driver: ReconcileDeps['driver']; memory: SweepMemory; redisUrl: string | undefined }) {
  const { database, driver, memory, logger, version } = input;
  const status = async () => ({
    name: 'provisioner',
    version,
    driver: driver.kind,
    queue: chooseQueueBackend({ redisUrl: input.redisUrl }),
    machines: await driver.preflight(),
    orphans: { count: memory.orphans.count, monthly_usd: memory.orphans.monthlyUsd, held: memory.orphans.held },
    provider_in_doubt: memory.providerInDoubt,
  });
  const ready = async () => {
    await database.pool.query('SELECT 1');
    return { database: true };
  };
  return createHttpApp({ name: 'provisioner', logger, routes: (app) => mountRoutes(app, provisionerRoutes({ ready, status })) });
}

async function installationId(database: Database): Promise<string> {
  const installation = await findInstallation(database.prisma);
  if (!installation) throw new Error('This database is not set up yet: run "node apps/control-plane/dist/admin.js init" first');
  return installation.id;
}
