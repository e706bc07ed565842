import { createFingerprint, createKeyring } from '@trawling/crypto';
import { type Database, findApiKey, findInstanceRows, listenForChanges, openDatabase, readDirectory } from '@trawling/database';
import { drain, listen, type ReadinessChecks } from '@trawling/http';
import { assertQueueBackend, chooseQueueBackend, type MachineQueue, openMachineQueue } from '@trawling/queues';
import { type Logger, type OnStop, systemClock, uuid7, withReleasers } from '@trawling/runtime';
import { startDecisionLoops } from './decision-loops.js';
import { openInstanceStreams } from './directory/instance-streams.js';
import { openStatusWrites } from './directory/publish-status.js';
import type { Env } from './env.js';
import { controlPlaneApp } from './http-app.js';
import { reportMissingMasterKeys } from './installation/check-master-keys.js';
import { createSigningKeySource, loadKeys, orUnavailable } from './installation/load-keys.js';
import { startUpkeep } from './upkeep/start-upkeep.js';
import { upkeepTasks } from './upkeep/upkeep-tasks.js';

export type ControlPlaneOptions = {
  databaseUrl: string;
  redisUrl?: string | undefined;
  masterKeys: string;
  logger: Logger;
  version: string;
};

/** The API with what is behind it, enrollments being decided, not listening yet. Tests start here. */
export async function openControlPlane(onStop: OnStop, options: ControlPlaneOptions) {
  const { databaseUrl, redisUrl, logger, version } = options;
  const database = await openDatabase({ url: databaseUrl, logger });
  onStop(() => database.close(), 'database');
  await assertQueueBackend(database, chooseQueueBackend({ redisUrl }));
  const keyring = createKeyring(options.masterKeys);
  const { tokenSealingKeys } = await loadKeys({ db: database.prisma, keyring });
  await reportMissingMasterKeys({ db: database.prisma, keyring, logger });
  const queue = openMachineQueue({ redisUrl, databaseUrl, logger });
  onStop(() => queue.close(), 'machine queue');

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
  const app = controlPlaneApp({ ...deps, statuses, streams, version, ready: () => checkReady(database, queue) });
  return { ...app, database, endStreams: streams.close };
}

/** Opens everything and listens; `stop` answers what is in flight first and closes the database last. */
export const compose = (env: Env, { logger, version }: { logger: Logger; version: string }) =>
  withReleasers(async (onStop) => {
    const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl, MASTER_KEYS: masterKeys } = env;
    const { app, database, endStreams } = await openControlPlane(onStop, { databaseUrl, redisUrl, masterKeys, logger, version });
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
    const listening = await listen(app, { port: env.PORT, host: env.HOST });
    onStop(() => drain(listening.server), 'listener');
    // First of all: a stream would go on until it is cut off.
    onStop(endStreams, 'streams');
    logger.info({ url: listening.url, queue: chooseQueueBackend({ redisUrl }) }, 'listening');
    return { url: listening.url };
  });

/** Each part on its own, so that `/readyz` says which one is away. */
async function checkReady(database: Database, queue: MachineQueue): Promise<ReadinessChecks> {
  const [databaseOk, queueOk] = await Promise.all([answers(database.pool.query('SELECT 1')), answers(queue.ping())]);
  return { database: databaseOk, queue: queueOk };
}

const answers = (asked: Promise<unknown>): Promise<boolean> => asked.then(() => true, () => false);
