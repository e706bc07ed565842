import { type Queryable } from '../queryable.js';

/** Rows are kept this long for who missed a notification; twice what any reader may have been silent for. */
const KEEP_MINUTES = 60;

/** Forgets old changes; answers how many. For the upkeep of the control plane, every few minutes. */
export async function pruneChangeLog(db: Queryable): Promise<number> {
  const { rowCount } = await db.query({
    text: 'DELETE FROM change_log WHERE at < now() - make_interval(mins => $1)',
    values: [KEEP_MINUTES],
  });
  return rowCount ?? 0;
}
