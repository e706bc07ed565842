import { DomainError } from '@trawling/contracts';
import {
  agentFileStore, bootStageStore, botCredentialStore, credentialRequestInboxStore, desiredConfigStore,
  enrollmentInboxStore, insertCredentialRequest, insertEnrollmentRequest, keySetStore, listenForChanges, openclawLockStore, openDatabase, receiverBeatStore, sealedSecretRelayStore,
  takeIntoUse, type CredentialRow, type Database, type Queryable,
} from '@trawling/database';
import {
  createHttpApp, createMetrics, drain, listen, metricsRoute, mountRoutes, openApiDocument, openStatus, serveOpenApi, tellOutcomes,
  type HttpMetrics, type Listening, type Metrics,
} from '@trawling/http';
import { systemClock, uuid7, withReleasers, type Logger, type OnStop } from '@trawling/runtime';
import { createFileCache } from './agent-files/file-cache.js';
import { authenticateBot } from './authentication/authenticate-bot.js';
import { botCredential } from './bot-route.js';
import { createTellBootFailed } from './boot/tell-boot-failed.js';
import { createChangeHub, type Change, type ChangeHub } from './changes/change-hub.js';
import { guarded } from './database-guard.js';
import { type Env } from './env.js';
import { createDeltas } from './config/delta.js';
import { hotConfigRoute } from './config/hot-config.js';
import { createWaiters } from './config/waiters.js';
import { openMemory, type Memory } from './memory/open-memory.js';
import { readKeySet } from './keys/read-key-set.js';
import { createLabelKeys } from './reports/label-keys.js';
import { createRouteLimits } from './limits/route-limits.js';
import { startReceiverBeat } from './heartbeat/receiver-beat.js';
import { createTellNoticed } from './heartbeat/tell-noticed.js';
import { syncRoutes, type SyncRoutesDeps } from './routes.js';
import { acceptStreams } from './stream/accept-streams.js';
import { createBotStreams } from './stream/bot-streams.js';
import { hotWriteRoutes } from './writes/hot-writes.js';
import { openWrites, type Writes } from './writes/open-writes.js';

/** How long an enrollment is held for the control plane's verdict. */
const ENROLL_WAIT_MS = 10_000;
/** How long the database may take to say whether the holders of streams are still good. Milliseconds. */
const VERIFY_MS = 2_000;
/** Credentials, and desired configs without their payloads, held in memory: about 2 KB for the two of one bot. */
const MAX_IN_MEMORY = 50_000;
/** Patches held for who asks again, in bytes. */
const MAX_DELTA_BYTES = 16 * 1024 * 1024;
/** Label sets of metrics held, at most 1 KB each. */
const MAX_LABEL_KEYS = 10_000;
/** Long polls held at once. */
const MAX_WAITING = 20_000;
/** Several scans of the change feed: when it has confirmed nothing for so long, bots hear of changes late or not at all. Milliseconds. */
const STALE_FEED_MS = 10_000;

export type SyncAdapterOptions = {
  databaseUrl: string;
  logger: Logger;
  version: string;
  maxStreams: number;
  metrics: Metrics;
  /** Told of each request; default: metrics. */
  requests?: HttpMetrics;
  enrollWaitMs?: number;
  pingMs?: number;
};
export type SyncAdapter = Awaited<ReturnType<typeof openSyncAdapter>>;

/** The public app with what is behind it, not listening yet. Tests start here. */
export async function openSyncAdapter(onStop: OnStop, options: SyncAdapterOptions) {
  const { databaseUrl, logger, version, metrics, enrollWaitMs = ENROLL_WAIT_MS } = options;
  const db = await openDatabase({ url: databaseUrl, logger });
  onStop(() => db.close(), 'database');
  const writes = openWrites({ query: (query) => db.pool.query(query) }, logger);
  onStop(() => writes.close(), 'group commits');

  const pool: Queryable = { query: (query) => guarded(logger, () => db.pool.query(query)) };
  const memory = openMemory({
    ...botCredentialStore(pool),
    ...desiredConfigStore(pool),
    ...keySetStore(pool),
    confirmedAt: () => feed.confirmedAt(),
    monotonicMs: systemClock.monotonicMs,
    maxEntries: MAX_IN_MEMORY,
  });
  // A connection that swallows what it is sent must not hold up the check of who holds a stream.
  const verifying = botCredentialStore({
    query: (query) => guarded(logger, () => db.pool.query(Object.assign({ query_timeout: VERIFY_MS }, query))),
  });
  const hub = createChangeHub();
  const connected = connectRoutes({ db, pool, writes, hub, memory, logger });
  const streams = createBotStreams({
    ...verifying,
    confirmedAt: () => feed.confirmedAt(),
    clock: systemClock,
    logger,
    ...(options.pingMs && { pingMs: options.pingMs }),
  });
  // Memory first: whoever is woken by a hint must not find what was before it.
  const publish = (change: Change): void => [{ publish: memory.hear }, hub, streams].forEach((listener) => listener.publish(change));
  const feed = await listenForChanges({
    url: databaseUrl,
    onChange: ({ topic, ids }) => publish({ topic, ids: ids ?? [] }),
    onReconnect: () => [{ wakeAll: memory.forgetAll }, hub, streams].forEach((listener) => listener.wakeAll()),
    logger,
  });
  onStop(() => feed.close(), 'change feed');
  const acceptor = acceptStreams({
    streams,
    authenticate: ({ fromDatabase, ...input }) => authenticateBot(fromDatabase ? { ...connected, ...verifying } : connected, input),
    rateLimit: connected.rateLimits.stream,
    maxStreams: options.maxStreams,
    newId: uuid7,
    random: Math.random,
    logger,
  });

  const routes = syncRoutes({ ...connected, waitMs: enrollWaitMs });
  const document = openApiDocument({ title: 'Trawling Traders sync-adapter', version, routes });
  const app = createHttpApp({
    name: 'public',
    logger,
    metrics: options.requests ?? metrics,
    hotRoutes: [hotConfigRoute({ ...memory, rateLimit: connected.rateLimits.config }), ...hotWriteRoutes({ ...memory, ...connected, logger })],
    routes(express) {
      mountRoutes(express, routes);
      serveOpenApi(express, document);
    },
  });
  metrics.gauge('sync_credentials_in_memory', 'Credentials held.', () => memory.size().credentials);
  metrics.gauge('sync_configs_in_memory', 'Desired configs held, without their payloads.', () => memory.size().desired);
  metrics.gauge('sync_long_polls', 'Requests that wait for a newer config.', connected.waiters.size);
  metrics.gauge('sync_streams', 'Open streams.', streams.size);
  const feedLagMs = (): number => systemClock.monotonicMs() - feed.confirmedAt();
  metrics.gauge('change_feed_lag_seconds', 'How long ago the change feed last confirmed that nothing was missed.', () => feedLagMs() / 1000);
  return { app, document, hub, memory, db, streams, acceptor, feedLagMs, longPolls: connected.waiters.size };
}

/** Takes calls and streams until it is stopped: then everything that waits is answered and streams are told to go elsewhere. */
export async function listenToBots(onStop: OnStop, adapter: SyncAdapter, address: { port: number; host: string }): Promise<Listening> {
  const { app, hub, streams, acceptor } = adapter;
  const listening = await listen(app, address);
  listening.server.on('upgrade', acceptor.upgrade);
  onStop(() => drain(listening.server), 'public listener');
  onStop(() => streams.close(), 'streams');
  onStop(() => {
    hub.close();
    acceptor.close();
  }, 'waiting requests');
  return listening;
}

/** Opens everything and listens; `stop` answers what is in flight first and closes the database last. */
export const compose = (env: Env, { logger, version, registrationFile }: { logger: Logger; version: string; registrationFile: string }) =>
  withReleasers(async (onStop) => {
    const { DATABASE_URL: databaseUrl, MAX_STREAMS: maxStreams } = env;
    const metrics = createMetrics({ process: true });
    onStop(() => metrics.registry.clear(), 'metrics');
    const requests = tellOutcomes(metrics, (ok) => status.instance.taskEnded(ok));
    const adapter = await openSyncAdapter(onStop, { databaseUrl, maxStreams, logger, version, metrics, requests });
    const status = await openStatus(onStop, {
      serviceName: 'sync-adapter',
      version, env, registrationFile, metrics, logger,
      checks: {
        database: () => adapter.db.pool.query('SELECT 1'),
        change_feed: () => adapter.feedLagMs() < STALE_FEED_MS,
        // A replica that drains says so first, so that what is in front of it sends bots elsewhere.
        accepting: () => !adapter.acceptor.isClosing(),
      },
      probes: {
        concurrentTasks: () => maxStreams,
        queueLength: () => adapter.streams.size() + adapter.longPolls(),
        details: () => ({ streams: adapter.streams.size(), long_polls: adapter.longPolls(), change_feed_lag_seconds: Math.round(adapter.feedLagMs() / 1000) }),
      },
    });

    const internalRoutes = [...status.routes, metricsRoute(metrics)];
    const internalApp = createHttpApp({ name: 'internal', logger, routes: (express) => mountRoutes(express, internalRoutes) });
    const internal = await listen(internalApp, { port: env.INTERNAL_PORT, host: env.INTERNAL_HOST });
    onStop(() => drain(internal.server), 'internal listener');

    const listening = await listenToBots(onStop, adapter, { port: env.PORT, host: env.HOST });
    onStop(startReceiverBeat({ ...receiverBeatStore(adapter.db.pool), clock: systemClock, logger }), 'receiver beat');
    onStop(status.instance.drain, 'word of the stop');
    logger.info({ url: listening.url, internal_url: internal.url }, 'listening');
    return { url: listening.url, internalUrl: internal.url };
  });

interface Connections {
  db: Database;
  pool: Queryable;
  writes: Writes;
  hub: ChangeHub;
  memory: Memory;
  logger: Logger;
}

/** Stores and use cases joined: the only place that knows both. */
function connectRoutes({ db, pool, writes, hub, memory, logger }: Connections) {
  const credentials = {
    ...botCredentialStore(pool),
    findCredential: memory.credentials.find,
    takeIntoUse: (candidate: CredentialRow) => guarded(logger, () => db.transaction((tx) => takeIntoUse(tx, candidate))),
  };
  const keySet = { findKeySet: memory.keySet };
  const desiredConfigs = desiredConfigStore(pool);
  return {
    ...credentials,
    ...keySet,
    ...desiredConfigs,
    desired: memory.desired,
    findDesiredSummary: memory.desired.findSummary,
    findDelta: createDeltas({ ...desiredConfigs, maxBytes: MAX_DELTA_BYTES }),
    waiters: createWaiters({ max: MAX_WAITING }),
    ...sealedSecretRelayStore(pool),
    ...writes,
    readDesiredSummary: desiredConfigs.findDesiredSummary,
    labelKeyOf: createLabelKeys({ maxEntries: MAX_LABEL_KEYS }),
    tellNoticed: createTellNoticed({ ...writes, now: systemClock.now, logger }),
    ...bootStageStore(pool),
    tellBootFailed: createTellBootFailed({ ...writes, now: systemClock.now, logger }),
    ...enrollmentInboxStore(pool),
    auth: botCredential(credentials),
    readKeySet: () => readKeySet(keySet),
    readAgentFile: createFileCache({
      find: agentFileStore(pool).findAgentFile,
      missing: (sha256) => new DomainError('agent-build-not-found', `There is no agent build ${sha256}.`),
    }),
    readOpenclawLock: createFileCache({
      find: openclawLockStore(pool).findOpenclawLock,
      missing: (sha256) => new DomainError('openclaw-lock-not-found', `There is no OpenClaw lock ${sha256}.`),
    }),
    recordEnrollmentRequest: (row) =>
      guarded(logger, () => db.transaction((tx) => insertEnrollmentRequest(tx, { id: uuid7(), ...row }))),
    ...credentialRequestInboxStore(pool),
    recordCredentialRequest: (row) =>
      guarded(logger, () => db.transaction((tx) => insertCredentialRequest(tx, { id: uuid7(), ...row }))),
    watch: (botId) => hub.watch({ topics: ['config', 'credential', 'enrollment_decided'], id: botId }),
    rateLimits: createRouteLimits(systemClock.monotonicMs),
    now: systemClock.now,
    monotonicMs: systemClock.monotonicMs,
  } satisfies Omit<SyncRoutesDeps, 'waitMs'>;
}
