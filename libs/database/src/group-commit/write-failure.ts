import { isDatabaseAway } from '../is-database-away.js';

/**
 * What a failed write says about its batch:
 * - `data`: Postgres refused something in it; nothing was stored, and smaller batches show which item it was;
 * - `again`: nothing was stored because of other transactions; the same batch may go through now;
 * - `unknown`: whether it was stored is not known, or it cannot be now: the callers have to ask again;
 * - `bug`: the statement itself is wrong; nothing was stored.
 */
export type WriteFailure = 'data' | 'again' | 'unknown' | 'bug';

/** Reads the SQLSTATE: 22 and 23 are about data, 40 about other transactions, 55P03 and 57014 about time. */
export function writeFailureOf(error: unknown): WriteFailure {
  if (isDatabaseAway(error)) return 'unknown';
  const code = sqlState(error);
  if (code === null) return 'bug';
  if (/^(?:22|23)/.test(code)) return 'data';
  if (code === '40003') return 'unknown';
  if (code.startsWith('40')) return 'again';
  return code === '55P03' || code === '57014' ? 'unknown' : 'bug';
}

const sqlState = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;

/** One item that Postgres would not keep, while the rest of its batch was kept. */
export class RefusedDataError extends Error {
  constructor(cause: unknown) {
    super('the database does not keep this', { cause });
    this.name = 'RefusedDataError';
  }
}
