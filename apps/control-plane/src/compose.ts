import { createFingerprint, createKeyring } from '@trawling/crypto';
import { findApiKey, findInstanceRows, listenForChanges, openDatabase, readDirectory } from '@trawling/database';
import { createHttpApp, createMetrics, createRunningRequests, drain, listen, type Metrics, metricsRoute, mountRoutes, openStatus, tellOutcomes } from '@trawling/http';
import { assertQueueBackend, chooseQueueBackend, openMachineQueue } from '@trawling/queues';
import { type Logger, type OnStop, systemClock, uuid7, withReleasers } from '@trawling/runtime';
import type { PublisherEnv } from '@trawling/status-publisher';
import { countBacklog } from './count-backlog.js';
import { startDecisionLoops } from './decision-loops.js';
import { openInstanceStreams } from './directory/instance-streams.js';
import { openStatusWrites } from './directory/publish-status.js';
import type { Env } from './env.js';
import { controlPlaneApp } from './http-app.js';
import { reportMissingMasterKeys } from './installation/check-master-keys.js';
import { createSigningKeySource, loadKeys, orUnavailable } from './installation/load-keys.js';
import { startUpkeep } from './upkeep/start-upkeep.js';
import { upkeepTasks } from './upkeep/upkeep-tasks.js';

/** Connections to Postgres, and so requests that are worked on at once. */
const POOL_SIZE = 10;

export type ControlPlaneOptions = {
  databaseUrl: string;
  redisUrl?: string | undefined;
  masterKeys: string;
  logger: Logger;
  version: string;
  metrics: Metrics;
  /** Where its status is published, if anywhere, and what it says that it can do. */
  publishing: PublisherEnv;
  registrationFile: string;
};

/** The API with what is behind it, enrollments being decided, not listening yet. Tests start here. */
export async function openControlPlane(onStop: OnStop, options: ControlPlaneOptions) {
  const { databaseUrl, redisUrl, logger, version, metrics } = options;
  const database = await openDatabase({ url: databaseUrl, poolSize: POOL_SIZE, logger });
  onStop(() => database.close(), 'database');
  await assertQueueBackend(database, chooseQueueBackend({ redisUrl }));
  const keyring = createKeyring(options.masterKeys);
  const { tokenSealingKeys } = await loadKeys({ db: database.prisma, keyring });
  await reportMissingMasterKeys({ db: database.prisma, keyring, logger });
  const queue = openMachineQueue({ redisUrl, databaseUrl, logger });
  onStop(() => queue.close(), 'machine queue');
  const requests = createRunningRequests();
  const status = await openStatus(onStop, {
    serviceName: 'control-plane',
    version, logger, metrics,
    env: options.publishing,
    registrationFile: options.registrationFile,
    checks: { database: () => database.pool.query('SELECT 1'), queue: queue.ping },
    probes: { concurrentTasks: () => POOL_SIZE, queueLength: requests.count },
  });
  metrics.gauge('http_requests_running', 'Requests whose answer has not begun.', requests.count);
  countBacklog(metrics, database.pool);

  const deps = {
    db: database.prisma,
    transaction: database.transaction,
    keyring,
    fingerprint: createFingerprint(options.masterKeys),
    signingKey: orUnavailable(createSigningKeySource(keyring), logger),
    tokenSealingKeys,
    logger,
    now: systemClock.now,
    newId: uuid7,
    enqueueMachine: (botId: string, options?: { inTurn?: boolean }) => queue.enqueue({ botId }, options),
  };
  const loops = startDecisionLoops({ ...deps, clock: systemClock });
  onStop(() => loops.close(), 'decisions');
  const statuses = openStatusWrites(database.pool);
  onStop(() => statuses.close(), 'status writes');
  const streams = openInstanceStreams({
    read: (since) => readDirectory(database.prisma, since),
    find: (ids) => findInstanceRows(database.prisma, ids),
    keyHolds: async (id) => (await findApiKey(database.prisma, id))?.revokedAt === null,
    clock: systemClock,
    logger,
  });
  onStop(() => streams.close(), 'streams');
  const feed = await listenForChanges({
    url: databaseUrl,
    onChange: ({ topic, ids }) => {
      loops.wake(topic);
      if (topic === 'instance') streams.hear(ids);
    },
    onReconnect: () => {
      loops.wakeAll();
      streams.hear(null);
    },
    logger,
  });
  onStop(() => feed.close(), 'change feed');
  const { app, document } = controlPlaneApp({
    ...deps, statuses, streams, version,
    statusRoutes: status.routes,
    metrics: tellOutcomes(metrics, status.instance.taskEnded),
  });
  return { app: requests.counted(app), document, database, status, endStreams: streams.close };
}

/** Opens everything and listens; `stop` answers what is in flight first and closes the database last. */
export const compose = (env: Env, { logger, version, registrationFile }: { logger: Logger; version: string; registrationFile: string }) =>
  withReleasers(async (onStop) => {
    const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, MASTER_KEYS: masterKeys } = env;
    const metrics = createMetrics({ process: true });
    onStop(() => metrics.registry.clear(), 'metrics');
    const { app, database, status, endStreams } = await openControlPlane(onStop, { databaseUrl, redisUrl, masterKeys, logger, version, metrics, publishing: env, registrationFile });
    const upkeep = startUpkeep({ clock: systemClock, logger, random: Math.random }, upkeepTasks({
      transaction: database.transaction,
      pool: database.pool,
      newId: uuid7,
      logger,
      configVersionsKept: env.CONFIG_VERSIONS_KEPT,
      metricsRetentionDays: env.METRICS_RETENTION_DAYS,
      routineEventsRetentionDays: env.EVENTS_RETENTION_DAYS,
      instancesRetentionDays: env.INSTANCES_RETENTION_DAYS,
    }));
    onStop(() => upkeep.close(), 'upkeep');
    const internalRoutes = [...status.routes, metricsRoute(metrics)];
    const internalApp = createHttpApp({ name: 'internal', logger, routes: (express) => mountRoutes(express, internalRoutes) });
    const internal = await listen(internalApp, { port: env.INTERNAL_PORT, host: env.INTERNAL_HOST });
    onStop(() => drain(internal.server), 'internal listener');
    const listening = await listen(app, { port: env.PORT, host: env.HOST });
    onStop(() => drain(listening.server), 'listener');
    // A stream would go on until it is cut off.
    onStop(endStreams, 'streams');
    // It may be its own receiver: what it has to say it says while it still listens.
    onStop(() => status.instance.stop(), 'published status');
    onStop(status.instance.drain, 'word of the stop');
    logger.info({ url: listening.url, internal_url: internal.url, queue: chooseQueueBackend({ redisUrl }) }, 'listening');
    return { url: listening.url, internalUrl: internal.url };
  });
