import { type EventList, EventSeverity, type EventsQuery, JsonObject, Timestamp, Uuid } from '@trawling/contracts';
import { listBotEvents, type Transaction } from '@trawling/database';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { findVisibleBot } from '../bots/find-visible-bot.js';
import { makeCursor, readCursor } from './cursor.js';

const Position = z.object({ received_at: Timestamp, id: Uuid });

/** What a bot told, newest first by the time we received it. Throws DomainError `bot-not-found`. */
export async function listEvents(
  deps: { db: Transaction },
  input: { caller: Caller; botId: string; query: z.infer<typeof EventsQuery> },
): Promise<z.infer<typeof EventList>> {
  const { botId, query } = input;
  await findVisibleBot(deps, input);
  const position = query.cursor === undefined ? null : readCursor(Position, query.cursor);
  const after = position && { receivedAt: new Date(position.received_at), id: position.id };
  const rows = await listBotEvents(deps.db, botId, { type: query.type ?? null, after, limit: query.limit + 1 });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    events: page.map((row) => ({
      id: row.id,
      type: row.type,
      timestamp: row.timestamp.toISOString(),
      severity: EventSeverity.parse(row.severity),
      message: row.message,
      data: JsonObject.parse(row.data),
      received_at: row.receivedAt.toISOString(),
      source: row.source === 'server' ? 'server' : 'bot',
    })),
    next_cursor: rows.length > page.length && last ? makeCursor({ received_at: last.receivedAt, id: last.id }) : null,
  };
}
