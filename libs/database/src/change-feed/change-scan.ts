import { changeOf, type Change } from './change.js';

/** More than this at once is answered with "everything": reading them one by one would be no cheaper. */
const MAX_ROWS = 5_000;
/** Older rows may be pruned (pruneChangeLog): who has not looked for that long looks at everything. */
const MAX_SILENCE_MS = 30 * 60_000;

/** The part of a client that a scan needs. */
export interface ScanClient {
  query: (text: string, values: unknown[]) => Promise<{ rows: ScannedRow[] }>;
}
interface ScannedRow {
  /** `xmin:xmax:running`, as Postgres writes it. */
  snapshot: string;
  id: string | null;
  topic: string | null;
  ids: string[] | null;
}

export interface ChangeScan {
  /** What nobody was told of yet; null when everything may have changed. */
  read: () => Promise<readonly Change[] | null>;
  /** This row was told of by NOTIFY. False when it was known already. */
  hear: (logId: string) => boolean;
}

/**
 * Reads change_log behind the NOTIFYs, so that a lost one costs at most the time between two scans.
 *
 * Ids are given in the order of statements, rows become visible in the order of commits; so a scan by id would miss a
 * row whose transaction commits late. Each scan therefore keeps the snapshot it saw, and the next one reads what was not
 * visible in that. So every row is read once, however long an old transaction stays open.
 */
export async function openChangeScan(client: ScanClient, monotonicMs: () => number): Promise<ChangeScan> {
  let seen = new Set<string>();
  let heardMeanwhile = new Set<string>();
  let readAt = monotonicMs();

  const { rows: start } = await client.query('SELECT pg_current_snapshot()::text AS snapshot', []);
  let snapshot = start[0]?.snapshot ?? '1:1:';

  return {
    async read() {
      const silence = monotonicMs() - readAt;
      const before = snapshot;
      heardMeanwhile = new Set();
      const found = (await client.query(scanStatement, [before, MAX_ROWS + 1])).rows;
      snapshot = found[0]?.snapshot ?? before;
      readAt = monotonicMs();
      const rows = found.filter((row) => row.id !== null);
      const news = rows.filter((row) => !seen.has(row.id ?? ''));
      // Notifications come late: what was read is not told again; nor is, by the next scan, what was heard during this one.
      seen = new Set([...rows.map((row) => row.id ?? ''), ...heardMeanwhile]);
      const isOtherHistory = oldestRunning(snapshot) < oldestRunning(before); // a database restored to an earlier point
      if (isOtherHistory || rows.length > MAX_ROWS || silence > MAX_SILENCE_MS) return null;
      // A topic of a newer release is nothing to us.
      return news.flatMap((row) => changeOf(row.topic, row.ids?.length === 0 ? null : row.ids) ?? []);
    },
    hear(logId) {
      heardMeanwhile.add(logId);
      if (seen.has(logId)) return false;
      seen.add(logId);
      return true;
    },
  };
}

const oldestRunning = (snapshot: string): bigint => BigInt(snapshot.split(':')[0] ?? '0');

const scanStatement = `
  SELECT s.snapshot::text AS snapshot, c.id::text AS id, c.topic, c.ids
  FROM (SELECT pg_current_snapshot() AS snapshot) s
  LEFT JOIN LATERAL (
    SELECT id, topic, ids FROM change_log
    WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)
    ORDER BY xid, id LIMIT $2
  ) c ON true`;
