import {
  deleteExpiredIdempotencyKeys,
  deleteOldRequests,
  deleteSealedForRevoked,
  deleteRoutineEvents,
  dropOldMetricPartitions,
  exclusively,
  makeMetricPartitions,
  pruneChangeLog,
  pruneConfigVersions,
  type Queryable,
  type Transaction,
} from '@trawling/database';
import type { Logger } from '@trawling/runtime';

export type HousekeepingDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  pool: Queryable;
  logger: Logger;
  /** Newest config versions of each bot that stay; what it should run, runs or last ran well stays anyway. */
  configVersionsKept: number;
  /** Days of metrics that stay. */
  metricsRetentionDays: number;
  /** Days of routine events (results of jobs, presence) that stay; other events stay for good. */
  routineEventsRetentionDays: number;
};

/** Days for which there are partitions ahead: so long may nobody keep house before metrics wait in the default one. */
const DAYS_AHEAD = 7;
/** Rows deleted in one transaction. Finding config versions looks through all of them: seconds for 10,000 bots with 60 each. */
const BATCH = 5_000;

/** Metrics find their partition, and what is older than it is kept for goes. Resolves with how many were made and dropped. */
export async function keepMetricPartitions(deps: Pick<HousekeepingDeps, 'transaction' | 'metricsRetentionDays' | 'logger'>): Promise<{ made: number; dropped: number }> {
  const alone = <T>(name: string, task: (tx: Transaction) => Promise<T>) => deps.transaction((tx) => exclusively(tx, name, () => task(tx)));
  // Each by itself: a reader in the way of dropping must not keep tomorrow's partition from being made.
  const made = (await alone('make-partitions', (tx) => makeMetricPartitions(tx, { daysAhead: DAYS_AHEAD }))) ?? 0;
  const dropped = (await alone('drop-partitions', (tx) => dropOldMetricPartitions(tx, { days: deps.metricsRetentionDays }))) ?? 0;
  if (made + dropped > 0) deps.logger.info({ made, dropped }, 'metric partitions made and dropped');
  return { made, dropped };
}

/** Deletes config versions that nobody needs. Resolves with how many. */
export async function pruneVersions(deps: Pick<HousekeepingDeps, 'transaction' | 'configVersionsKept' | 'logger'>): Promise<number> {
  const kept = deps.configVersionsKept;
  return inBatches(deps, 'config-versions', (tx, limit) => pruneConfigVersions(tx, { kept, limit }));
}

/** Deletes results of jobs and comings and goings that are too old to matter. Resolves with how many. */
export async function pruneEvents(deps: Pick<HousekeepingDeps, 'transaction' | 'routineEventsRetentionDays' | 'logger'>): Promise<number> {
  const days = deps.routineEventsRetentionDays;
  return inBatches(deps, 'routine-events', (tx, limit) => deleteRoutineEvents(tx, { days, limit }));
}

/** Deletes so many rows in a transaction each, alone among the replicas, until none are left. `remove` answers how many it deleted. */
export async function inBatches(
  deps: Pick<HousekeepingDeps, 'transaction' | 'logger'>,
  name: string,
  remove: (tx: Transaction, limit: number) => Promise<number>,
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const count = await deps.transaction((tx) => exclusively(tx, name, () => remove(tx, BATCH)));
    deleted += count ?? 0;
    if (count === null || count < BATCH) break;
  }
  if (deleted > 0) deps.logger.info({ deleted, task: name }, 'what is too old was deleted');
  return deleted;
}

/** Forgets what only served for a while: told changes, answered requests, kept answers, what was sealed to machines that are gone. */
export async function forgetOldRecords(deps: Pick<HousekeepingDeps, 'transaction' | 'pool'>): Promise<void> {
  await pruneChangeLog(deps.pool);
  await deps.transaction((tx) =>
    exclusively(tx, 'old-records', async () => (await deleteExpiredIdempotencyKeys(tx)) + (await deleteOldRequests(tx)) + (await deleteSealedForRevoked(tx))),
  );
}
