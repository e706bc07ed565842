import { DomainError, MAX_METRIC_BUCKETS, type MetricBuckets, type MetricResolution, type MetricsQuery, Sha256, Timestamp } from '@trawling/contracts';
import { listMetricBuckets, type Transaction } from '@trawling/database';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { findVisibleBot } from '../bots/find-visible-bot.js';
import { makeCursor, readCursor } from './cursor.js';

const Position = z.object({ start: Timestamp, labels_hash: Sha256 });

const SECONDS = { '1m': 60, '5m': 300, '1h': 3600, '1d': 86_400 } as const satisfies Record<MetricResolution, number>;

/**
 * What a bot measured, downsampled for a chart, newest first. Throws DomainError `bot-not-found`, or `invalid-request`
 * without `name` and `since` and for more buckets than anybody draws.
 */
export async function listBuckets(
  deps: { db: Transaction; now: () => Date },
  input: { caller: Caller; botId: string; query: MetricsQuery; resolution: MetricResolution },
): Promise<z.infer<typeof MetricBuckets>> {
  const { botId, query, resolution } = input;
  await findVisibleBot(deps, input);
  const { name, since, until } = wanted(query, resolution, deps.now());
  const position = query.cursor === undefined ? null : readCursor(Position, query.cursor);
  const after = position && { start: new Date(position.start), labelsHash: position.labels_hash };
  const seconds = SECONDS[resolution];
  const rows = await listMetricBuckets(deps.db, botId, { name, since, until, seconds, after, limit: query.limit + 1 });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    name,
    resolution,
    buckets: page.map(({ start, labels, avg, min, max, last: newest, count }) => ({
      timestamp: start.toISOString(),
      labels: z.record(z.string(), z.string()).parse(labels),
      avg,
      min,
      max,
      last: newest,
      count,
    })),
    next_cursor: rows.length > page.length && last ? makeCursor({ start: last.start, labels_hash: last.labelsHash }) : null,
  };
}

function wanted(query: MetricsQuery, resolution: MetricResolution, now: Date): { name: string; since: Date; until: Date } {
  const { name } = query;
  if (name === undefined) throw refused('query.name', 'is needed with resolution');
  if (query.since === undefined) throw refused('query.since', 'is needed with resolution');
  const since = new Date(query.since);
  const until = query.until === undefined ? now : new Date(query.until);
  const buckets = Math.ceil((until.getTime() - since.getTime()) / (SECONDS[resolution] * 1000));
  if (buckets > MAX_METRIC_BUCKETS) {
    throw refused('query.since', `at ${resolution} this is ${buckets} buckets, more than ${MAX_METRIC_BUCKETS}: ask for a shorter time or wider buckets`);
  }
  return { name, since, until };
}

const refused = (path: string, message: string): DomainError =>
  new DomainError('invalid-request', `${path}: ${message}`, { issues: [{ path, message }] });
