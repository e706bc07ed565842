import type { Transaction } from '../prisma.js';

/** Makes the daily partitions from yesterday to `daysAhead` from now (UTC) that are missing; returns how many. */
export async function makeMetricPartitions(tx: Transaction, { daysAhead }: { daysAhead: number }): Promise<number> {
  const [made] = await tx.$queryRaw<{ count: number }[]>`
    SELECT metrics.make_partitions(today - 1, today + ${daysAhead}::int) AS count FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today) AS clock`;
  return made?.count ?? 0;
}

/** Drops the partitions of days that ended more than `days` days ago (UTC); returns how many. */
export async function dropOldMetricPartitions(tx: Transaction, { days }: { days: number }): Promise<number> {
  const [dropped] = await tx.$queryRaw<{ count: number }[]>`
    SELECT metrics.drop_partitions((now() AT TIME ZONE 'UTC')::date - ${days}::int) AS count`;
  return dropped?.count ?? 0;
}
