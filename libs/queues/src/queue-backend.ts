/** Where BullMQ keeps its jobs. */
export type QueueBackend = 'redis' | 'postgres';

export type QueueUrls = {
  /** Set: Redis. Not set: BullMQ's own Postgres backend in the database that is there anyway. */
  redisUrl?: string | undefined;
  databaseUrl: string;
};

/** The one place that chooses: every process of an installation has to come to the same answer. */
export function chooseQueueBackend({ redisUrl }: Pick<QueueUrls, 'redisUrl'>): QueueBackend {
  return redisUrl ? 'redis' : 'postgres';
}

/** Anything with a `pg` pool, as `openDatabase` gives it. */
type WithPool = { pool: { query: (text: string) => Promise<{ rows: { queue_backend?: unknown }[] }> } };

/**
 * Rejects when the installation was set up with the other backend: jobs would lie where nobody looks.
 * An installation that has not been set up yet agrees with everyone.
 */
export async function assertQueueBackend(database: WithPool, backend: QueueBackend): Promise<void> {
  const { rows } = await database.pool.query('SELECT queue_backend FROM installation');
  const chosen = rows[0]?.queue_backend;
  if (chosen === undefined || chosen === backend) return;
  const remedy = chosen === 'redis' ? 'set REDIS_URL' : 'unset REDIS_URL';
  throw new Error(`this installation keeps its queue in ${String(chosen)}, but this process was told ${backend}: ${remedy}`);
}
