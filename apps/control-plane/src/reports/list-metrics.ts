import { type MetricList, type MetricsQuery, Sha256, Timestamp } from '@trawling/contracts';
import { listBotMetrics, type Transaction } from '@trawling/database';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { findVisibleBot } from '../bots/find-visible-bot.js';
import { makeCursor, readCursor } from './cursor.js';

const Position = z.object({ timestamp: Timestamp, name: z.string(), labels_hash: Sha256 });

/** What a bot measured, newest first. Throws DomainError `bot-not-found`. */
export async function listMetrics(
  deps: { db: Transaction },
  input: { caller: Caller; botId: string; query: MetricsQuery },
): Promise<z.infer<typeof MetricList>> {
  const { botId, query } = input;
  await findVisibleBot(deps, input);
  const position = query.cursor === undefined ? null : readCursor(Position, query.cursor);
  const after = position && { timestamp: new Date(position.timestamp), name: position.name, labelsHash: position.labels_hash };
  const since = query.since === undefined ? null : new Date(query.since);
  const until = query.until === undefined ? null : new Date(query.until);
  const rows = await listBotMetrics(deps.db, botId, { name: query.name ?? null, since, until, after, limit: query.limit + 1 });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    metrics: page.map(({ name, timestamp, value, labels }) => ({
      name,
      timestamp: timestamp.toISOString(),
      value,
      labels: z.record(z.string(), z.string()).parse(labels),
    })),
    next_cursor:
      rows.length > page.length && last
        ? makeCursor({ timestamp: last.timestamp, name: last.name, labels_hash: last.labelsHash })
        : null,
  };
}
