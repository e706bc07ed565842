import { ConfigVersionNumber, type PageQuery, VersionReason, type VersionList, type VersionSummary } from '@trawling/contracts';
import { listConfigVersions, type Transaction } from '@trawling/database';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { makeCursor, readCursor } from '../reports/cursor.js';
import { findVisibleBot } from './find-visible-bot.js';
import { lastAck } from './bot-view.js';

const Position = z.object({ before: ConfigVersionNumber });

/** Newest first, each with the bot's verdict. Throws DomainError `bot-not-found`. */
export async function listVersions(
  deps: { db: Transaction },
  input: { caller: Caller; botId: string; query: z.infer<typeof PageQuery> },
): Promise<z.infer<typeof VersionList>> {
  const { botId, query } = input;
  await findVisibleBot(deps, input);
  const before = query.cursor === undefined ? null : readCursor(Position, query.cursor).before;
  const rows = await listConfigVersions(deps.db, botId, { before, limit: query.limit + 1 });
  const page = rows.slice(0, query.limit);
  const last = page.at(-1);
  return {
    versions: page.map(versionSummary),
    next_cursor: rows.length > page.length && last ? makeCursor({ before: last.version }) : null,
  };
}

type Row = Awaited<ReturnType<typeof listConfigVersions>>[number];

export function versionSummary(row: Row): z.infer<typeof VersionSummary> {
  return {
    version: row.version,
    hash: row.hash,
    reason: VersionReason.parse(row.reason),
    created_by: row.createdBy,
    issued_at: row.issuedAt.toISOString(),
    ack: lastAck(row.ack),
  };
}
