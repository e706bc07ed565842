import { randomBytes } from 'node:crypto';
import { claimFleetAccount, type Database, findFleetClaim, findInstallation, machineStore, openclawLockStore, openDatabase, orphanMachineStore, providerBudgetStore } from '@trawling/database';
import { createHttpApp, createMetrics, drain, listen, type Metrics, metricsRoute, mountRoutes, openStatus } from '@trawling/http';
import { assertQueueBackend, chooseQueueBackend, type MachineWorker, openMachineQueue, startMachineWorker } from '@trawling/queues';
import { type Logger, type OnStop, systemClock, uuid7, waitAtMost, withReleasers } from '@trawling/runtime';
import type { Env } from './env.js';
import { openDigitalOceanDriver } from './digitalocean/open-digitalocean-driver.js';
import { warnUnpublished } from './digitalocean/warn-unpublished.js';
import { countMachines } from './count-machines.js';
import { openLocalDriver } from './local/open-local-driver.js';
import { type MachineDriver } from './machines/machine-driver.js';
import { reconcileMachine, RECONCILE_TIMINGS, type ReconcileDeps, type ReconcileOutcome } from './machines/reconcile-machine.js';
import { startSweepLoop } from './machines/sweep-loop.js';
import { newSweepMemory, sweepMachines } from './machines/sweep-machines.js';
import { detailsOf, impairmentOf, newFacts, type ProvisionerFacts } from './provisioner-facts.js';

/** Machines of one provisioner that are worked on at the same time. */
const CONCURRENCY = 8;
/** For each kind the registration file has a capability `machines.<kind>`. */
const DRIVERS: readonly MachineDriver['kind'][] = ['local', 'digitalocean'];
/** An account that takes longer to answer is examined while machines are destroyed already. */
const EXAMINED_WITHIN_MS = 15_000;
/** A look at a machine that takes longer when stopping is left to the next provisioner. */
const WORKER_STOP_MS = 6_000;

export type ProvisionerOptions = {
  logger: Logger;
  version: string;
  /** The bundled supervisor of the local machines. */
  supervisorFile: string;
  /** What it says that it can do. */
  registrationFile: string;
  /** Of this process; machines get a few harmless names of it. */
  environment: Record<string, string | undefined>;
};

/** Opens everything and begins to work; `stop` ends the work and leaves the machines running. */
export const compose = (env: Env, options: ProvisionerOptions) =>
  withReleasers(async (onStop) => {
    const { logger, version } = options;
    const metrics = createMetrics({ process: true });
    onStop(() => metrics.registry.clear(), 'metrics');
    const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = env;
    const database = await openDatabase({ url: databaseUrl, logger });
    onStop(() => database.close(), 'database');
    await assertQueueBackend(database, chooseQueueBackend({ redisUrl }));
    const driver = await openDriver(onStop, env, { ...options, database, metrics, installationId: await installationId(database) });
    const store = machineStore(database.pool);
    const memory = newSweepMemory();
    const facts = newFacts();
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
    const backend = chooseQueueBackend({ redisUrl });
    let worker: MachineWorker | null = null;
    const status = await openStatus(onStop, {
      serviceName: 'provisioner',
      version, env, metrics, logger,
      registrationFile: options.registrationFile,
      offers: (capability) => !DRIVERS.some((kind) => kind !== driver.kind && capability === `machines.${kind}`),
      checks: {
        database: () => database.pool.query('SELECT 1'),
        queue: async () => void (facts.waiting = await queue.waiting()),
        worker: () => worker?.isRunning() ?? true,
      },
      probes: {
        concurrentTasks: () => CONCURRENCY,
        queueLength: () => facts.working + facts.waiting,
        details: () => detailsOf({ facts, memory, driver: driver.kind, queue: backend, clock: systemClock }),
        impairedBy: () => impairmentOf(facts, memory),
      },
    });
    countMachines(metrics, { db: database.pool, facts, memory, clock: systemClock });
    const looked = metrics.counter('machine_looks_total', 'Looks at machines by how they ended.', ['outcome']);
    const ended = (outcome: ReconcileOutcome | 'failed'): void => {
      looked({ outcome });
      status.instance.taskEnded(outcome !== 'failed');
    };
    worker = await startWorker(onStop, deps, { facts, ended, redisUrl, databaseUrl });

    // Machines on this computer cost nothing and are ours alone.
    const mode = env.REAP_ORPHANS ?? (driver.kind === 'local' ? 'destroy' : 'report');
    const orphans = orphanMachineStore(database.pool);
    const sweep = async (): Promise<void> => {
      facts.machines = await driver.preflight();
      await sweepMachines({ store, orphans, driver, mode, enqueue: queue.enqueue, logger }, memory);
      facts.sweptAtMs = systemClock.monotonicMs();
    };
    const loop = startSweepLoop({ clock: systemClock, logger, random: Math.random }, { everyMs: env.SWEEP_SECONDS * 1000, sweep });
    onStop(() => loop.stop(), 'sweep');

    const routes = [...status.routes, metricsRoute(metrics)];
    const app = createHttpApp({ name: 'provisioner', logger, routes: (express) => mountRoutes(express, routes) });
    const listening = await listen(app, { port: env.PORT, host: env.HOST });
    onStop(() => drain(listening.server), 'listener');
    onStop(status.instance.drain, 'word of the stop');
    logger.info({ url: listening.url, driver: driver.kind, queue: backend }, 'listening');
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

async function openDriver(onStop: OnStop, env: Env, options: ProvisionerOptions & { database: Database; metrics: Metrics; installationId: string }): Promise<MachineDriver> {
  const { database, logger, metrics, installationId } = options;
  if (env.MACHINE_DRIVER === 'local') return openLocalDriver(onStop, env, options);
  const claim = await findFleetClaim(database.pool);
  if (claim !== 'ours') throw new Error(NOT_THE_FLEETS[claim]);
  const driver = openDigitalOceanDriver(onStop, env, { store: providerBudgetStore(database.pool, 'digitalocean'), clock: systemClock, random: Math.random, logger, metrics, installationId, claimAccount: (account) => claimFleetAccount(database.pool, account) });
  // Its findings are in the log before the first machine is asked for; what is wrong keeps creates waiting, nothing else.
  await waitAtMost(systemClock, EXAMINED_WITHIN_MS, driver.examine());
  await warnUnpublished(openclawLockStore(database.pool), logger);
  return driver;
}

type WorkerInput = { facts: ProvisionerFacts; ended: (outcome: ReconcileOutcome | 'failed') => void; redisUrl: string | undefined; databaseUrl: string };

async function startWorker(onStop: OnStop, deps: ReconcileDeps, { facts, ended, ...urls }: WorkerInput): Promise<MachineWorker> {
  const stopping = new AbortController();
  const worker = await startMachineWorker({
    ...urls,
    logger: deps.logger,
    concurrency: CONCURRENCY,
    handle: async ({ botId }) => {
      facts.working += 1;
      try {
        ended(await reconcileMachine(deps, { botId, signal: stopping.signal }));
      } catch (error) {
        ended('failed');
        throw error;
      } finally {
        facts.working -= 1;
      }
    },
  });
  onStop(async () => {
    stopping.abort();
    await waitAtMost(systemClock, WORKER_STOP_MS, worker.close());
  }, 'machine worker');
  return worker;
}

async function installationId(database: Database): Promise<string> {
  const installation = await findInstallation(database.prisma);
  if (!installation) throw new Error('This database is not set up yet: run "node apps/control-plane/dist/admin.js init" first');
  return installation.id;
}
