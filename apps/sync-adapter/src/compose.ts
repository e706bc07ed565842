import {
  agentFileStore, bootStageStore, botCredentialStore, desiredConfigStore,
  enrollmentInboxStore, insertEnrollmentRequest, keySetStore, listenForChanges, openDatabase, sealedSecretRelayStore,
  type Database, type Queryable,
} from '@trawling/database';
import { createHttpApp, drain, healthRoutes, listen, mountRoutes, openApiDocument, serveOpenApi } from '@trawling/http';
import { systemClock, uuid7, withReleasers, type Logger, type OnStop } from '@trawling/runtime';
import { createAgentFileCache } from './agent-files/agent-file-cache.js';
import { botCredential } from './bot-route.js';
import { createChangeHub, type ChangeHub } from './changes/change-hub.js';
import { guarded } from './database-guard.js';
import { type Env } from './env.js';
import { readKeySet } from './keys/read-key-set.js';
import { createRouteLimits } from './limits/route-limits.js';
import { createTellNoticed } from './heartbeat/tell-noticed.js';
import { syncRoutes, type SyncRoutesDeps } from './routes.js';
import { openWrites, type Writes } from './writes/open-writes.js';

/** How long an enrollment is held for the control plane's verdict. */
const ENROLL_WAIT_MS = 10_000;

export type SyncAdapterOptions = { databaseUrl: string; logger: Logger; version: string; enrollWaitMs?: number };

/** The public app with what is behind it, not listening yet. Tests start here. */
export async function openSyncAdapter(onStop: OnStop, options: SyncAdapterOptions) {
  const { databaseUrl, logger, version, enrollWaitMs = ENROLL_WAIT_MS } = options;
  const db = await openDatabase({ url: databaseUrl, logger });
  onStop(() => db.close(), 'database');
  const writes = openWrites({ query: (query) => db.pool.query(query) }, logger);
  onStop(() => writes.close(), 'group commits');

  const hub = createChangeHub();
  const feed = await listenForChanges({
    url: databaseUrl,
    onChange: ({ topic, ids }) => hub.publish({ topic, ids: ids ?? [] }),
    onReconnect: () => hub.wakeAll(),
    logger,
  });
  onStop(() => feed.close(), 'change feed');

  const routes = syncRoutes({ ...connectRoutes(db, writes, hub, logger), waitMs: enrollWaitMs });
  const document = openApiDocument({ title: 'Trawling Traders sync-adapter', version, routes });
  const app = createHttpApp({
    name: 'public',
    logger,
    routes(express) {
      mountRoutes(express, routes);
      serveOpenApi(express, document);
    },
  });
  return { app, document, hub, db };
}

/** Opens everything and listens; `stop` answers what is in flight first and closes the database last. */
export const compose = (env: Env, { logger, version }: { logger: Logger; version: string }) =>
  withReleasers(async (onStop) => {
    const { app, hub, db } = await openSyncAdapter(onStop, { databaseUrl: env.DATABASE_URL, logger, version });

    const health = healthRoutes({ ready: () => checkDatabase(db) });
    const internalApp = createHttpApp({ name: 'internal', logger, routes: (express) => mountRoutes(express, health) });
    const internal = await listen(internalApp, { port: env.INTERNAL_PORT, host: env.HOST });
    onStop(() => drain(internal.server), 'internal listener');

    const listening = await listen(app, { port: env.PORT, host: env.HOST });
    onStop(() => drain(listening.server), 'public listener');
    onStop(() => hub.close(), 'waiting requests');

    logger.info({ url: listening.url, internal_url: internal.url }, 'listening');
    return { url: listening.url, internalUrl: internal.url };
  });

/** Stores and use cases joined: the only place that knows both. */
function connectRoutes(db: Database, writes: Writes, hub: ChangeHub, logger: Logger): Omit<SyncRoutesDeps, 'waitMs'> {
  const pool: Queryable = { query: (query) => guarded(logger, () => db.pool.query(query)) };
  const credentials = botCredentialStore(pool);
  const keySet = keySetStore(pool);
  return {
    ...credentials,
    ...keySet,
    ...desiredConfigStore(pool),
    ...sealedSecretRelayStore(pool),
    ...writes,
    readDesiredSummary: desiredConfigStore(pool).findDesiredSummary,
    tellNoticed: createTellNoticed({ ...writes, now: systemClock.now, logger }),
    ...bootStageStore(pool),
    ...enrollmentInboxStore(pool),
    auth: botCredential(credentials),
    readKeySet: () => readKeySet(keySet),
    readAgentFile: createAgentFileCache(agentFileStore(pool)),
    recordEnrollmentRequest: (row) =>
      guarded(logger, () => db.transaction((tx) => insertEnrollmentRequest(tx, { id: uuid7(), ...row }))),
    watch: (botId) => hub.watch({ topics: ['config', 'credential', 'enrollment_decided'], ids: [botId] }),
    rateLimits: createRouteLimits(systemClock.monotonicMs),
    now: systemClock.now,
    monotonicMs: systemClock.monotonicMs,
  };
}

async function checkDatabase(db: Database) {
  await db.pool.query('SELECT 1');
  return { database: true };
}
