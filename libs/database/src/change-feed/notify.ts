import { type Transaction } from '../prisma.js';
import { type Queryable } from '../queryable.js';
import { changeChannel, fitChange, type Change } from './change.js';

/**
 * Tells every listener once the surrounding transaction commits; nothing is told when it rolls back. The same change
 * stays in change_log for who missed it. A change of many rows is one call, one notification and one row.
 */
export async function notify(tx: Transaction | Queryable, change: Change): Promise<void> {
  const { topic, ids } = fitChange(change);
  // An empty list stands for "everything"; JSON null says so on the wire.
  const rowIds = [...(ids ?? [])];
  const payload = JSON.stringify({ topic, ids });
  if ('$executeRaw' in tx) {
    await tx.$executeRaw`
      WITH entry AS (SELECT nextval('change_log_id_seq') AS id),
        logged AS (INSERT INTO change_log (id, topic, ids) SELECT id, ${topic}, ${rowIds}::text[] FROM entry)
      SELECT pg_notify(${changeChannel}, (${payload}::jsonb || jsonb_build_object('log_id', id))::text) FROM entry`;
    return;
  }
  await tx.query({
    text: `
      WITH entry AS (SELECT nextval('change_log_id_seq') AS id),
        logged AS (INSERT INTO change_log (id, topic, ids) SELECT id, $2, $3::text[] FROM entry)
      SELECT pg_notify($1, ($4::jsonb || jsonb_build_object('log_id', id))::text) FROM entry`,
    values: [changeChannel, topic, rowIds, payload],
  });
}
