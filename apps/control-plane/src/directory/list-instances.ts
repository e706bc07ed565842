import { InstanceId, type InstanceList, type ListInstancesQuery } from '@trawling/contracts';
import { listInstanceRows, type Transaction } from '@trawling/database';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { makeCursor, readCursor } from '../reports/cursor.js';
import { instanceView, markOf } from './instance-view.js';

const Position = z.object({ after: InstanceId });

/** One page by id, and its weak ETag, which stays while nothing but times, uptime and details moves. */
export async function listInstances(
  deps: { db: Transaction },
  input: { caller: Caller; query: ListInstancesQuery },
): Promise<{ list: InstanceList; etag: string }> {
  const { cursor, limit, ...filter } = input.query;
  const after = cursor === undefined ? null : readCursor(Position, cursor).after;
  const rows = await listInstanceRows(deps.db, { filter, ownerId: input.caller.ownerId, after, limit: limit + 1 });
  const instances = rows.slice(0, limit).map(instanceView);
  const last = instances.at(-1);
  const list = { instances, next_cursor: rows.length > limit && last ? makeCursor({ after: last.instance_id }) : null };
  const said = JSON.stringify([instances.map(markOf), list.next_cursor]);
  return { list, etag: `W/"${createHash('sha256').update(said).digest('base64url')}"` };
}
