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
  xmin: string;
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
 * row whose transaction commits late. Each scan therefore starts at the oldest transaction that was still running when
 * the scan before it was made (`pg_snapshot_xmin`): whatever that one could not see has an xid at or above it.
 */
export async function openChangeScan(client: ScanClient, monotonicMs: () => number): Promise<ChangeScan> {
  let seen = new Set<string>();
  let heardMeanwhile = new Set<string>();
  let cursor = '0';
  let readAt = monotonicMs();

  const scan = async (): Promise<{ xmin: string; rows: ScannedRow[] }> => {
    heardMeanwhile = new Set();
    const { rows } = await client.query(scanStatement, [cursor, MAX_ROWS + 1]);
    return { xmin: rows[0]?.xmin ?? cursor, rows: rows.filter((row) => row.id !== null) };
  };
  /** Keeps what the next scan may meet again, and what a late notification may tell again. */
  const advance = (xmin: string, rows: ScannedRow[]): void => {
    seen = new Set([...rows.map((row) => row.id ?? ''), ...heardMeanwhile]);
    cursor = xmin;
    readAt = monotonicMs();
  };

  const { rows: start } = await client.query('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS xmin', []);
  cursor = start[0]?.xmin ?? '0';

  return {
    async read() {
      const silence = monotonicMs() - readAt;
      const before = cursor;
      const { xmin, rows } = await scan();
      const news = rows.filter((row) => !seen.has(row.id ?? ''));
      const isOtherHistory = BigInt(xmin) < BigInt(before); // a database restored to an earlier point
      advance(xmin, rows);
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

const scanStatement = `
  SELECT s.xmin::text AS xmin, c.id::text AS id, c.topic, c.ids
  FROM (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin) s
  LEFT JOIN LATERAL (
    SELECT id, topic, ids FROM change_log WHERE xid >= $1::text::xid8 ORDER BY xid, id LIMIT $2
  ) c ON true`;
