import { type QueueUrls } from './queue-backend.js';

/** How long one side may take before "no" is the better answer. */
const connectMs = 2_000;

/** For a Queue: fails fast, because somebody waits for the answer and a sweep finds what was not enqueued. */
export const redisProducer = (url: string) => ({ url, connectTimeout: connectMs, maxRetriesPerRequest: 1, enableOfflineQueue: false });

/** For a Worker: waits as long as it takes. */
export const redisWorker = (url: string) => ({ url, connectTimeout: connectMs, maxRetriesPerRequest: null });

/** The schema `bullmq` is there: whoever deploys migrates it (tools/db.mjs); the apps' roles have no right to. */
export const postgresConnection = ({ databaseUrl }: QueueUrls, max: number) => ({
  connectionString: databaseUrl,
  max,
  connectionTimeoutMillis: connectMs,
  application_name: 'trawling queue',
});
