import { BotId, type BotList, type ListBotsQuery } from '@trawling/contracts';
import { listBotOverviews, type Transaction } from '@trawling/database';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { makeCursor, readCursor } from '../reports/cursor.js';
import { botSummary } from './bot-view.js';

const Position = z.object({ after: BotId });

/** One page in the order the bots were made. Filters are applied where the rows are, so a page is full or the last. */
export async function listBots(deps: { db: Transaction }, input: { caller: Caller; query: ListBotsQuery }): Promise<BotList> {
  const { caller, query } = input;
  if (caller.ownerId !== null && query.owner_id !== undefined && query.owner_id !== caller.ownerId) {
    return { bots: [], next_cursor: null };
  }
  const rows = await listBotOverviews(deps.db, {
    ownerId: caller.ownerId ?? query.owner_id,
    syncStatus: query.sync_status,
    online: query.online,
    label: query.label === undefined ? undefined : labelFilter(query.label),
    includeDecommissioned: query.include_decommissioned,
    after: query.cursor === undefined ? undefined : readCursor(Position, query.cursor).after,
    limit: query.limit + 1,
  });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    bots: page.map(botSummary),
    next_cursor: rows.length > page.length && last ? makeCursor({ after: last.id }) : null,
  };
}

/** `key=value`, or `key` for any value. */
function labelFilter(label: string): { key: string; value: string | null } {
  const at = label.indexOf('=');
  return at === -1 ? { key: label, value: null } : { key: label.slice(0, at), value: label.slice(at + 1) };
}
