import { Prisma, type Transaction } from '../prisma.js';

/** Where a page of buckets ended. */
export type BucketPosition = { start: Date; labelsHash: string };

export type MetricBucketRow = {
  start: Date;
  labelsHash: string;
  labels: Prisma.JsonValue;
  avg: number;
  min: number;
  max: number;
  last: number;
  count: number;
};

/**
 * One metric of a bot in buckets of `seconds`, newest first, each set of labels by itself. `since` and `until` bound
 * the partitions that are read. The average of values beyond 1e150, whose squares no double holds, is the middle
 * between the extremes: Postgres would refuse the whole answer.
 */
export async function listMetricBuckets(
  tx: Transaction,
  botId: string,
  page: { name: string; since: Date; until: Date; seconds: number; after: BucketPosition | null; limit: number },
): Promise<MetricBucketRow[]> {
  const { name, since, until, seconds, after } = page;
  const bucket = Prisma.sql`date_bin(make_interval(secs => ${seconds}), timestamp, '2000-01-01T00:00:00Z')`;
  const beyond = after === null
    ? Prisma.sql`true`
    : Prisma.sql`(start, labels_hash) < (${after.start}::timestamptz, decode(substr(${after.labelsHash}, 8), 'hex'))`;
  return tx.$queryRaw`
    WITH point AS (
      SELECT ${bucket} AS start, timestamp, labels_hash, labels, value FROM metrics.bot_metric
      WHERE bot_id = ${botId}::uuid AND name = ${name} AND timestamp >= ${since} AND timestamp < ${until}
    )
    SELECT start, 'sha256:' || encode(labels_hash, 'hex') AS "labelsHash", (array_agg(labels))[1] AS labels,
      coalesce(avg(value) FILTER (WHERE abs(value) < 1e150), min(value) / 2 + max(value) / 2) AS avg,
      min(value) AS min, max(value) AS max, (array_agg(value ORDER BY timestamp DESC))[1] AS last, count(*)::int AS count
    FROM point WHERE ${beyond}
    GROUP BY start, labels_hash ORDER BY start DESC, labels_hash DESC LIMIT ${page.limit}`;
}
