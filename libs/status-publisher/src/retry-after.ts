/** Longer is not waited, whatever is asked for: a receiver that is back would not hear of us. Milliseconds. */
export const LONGEST_RETRY_AFTER_MS = 900_000;

/**
 * `Retry-After` in milliseconds: seconds, or an HTTP date by the receiver's own clock (its `Date`), by ours when it gives none.
 * A quarter of an hour at most; null when it is missing or nonsense.
 */
export function readRetryAfter(header: string | undefined, date: string | undefined, now: Date): number | null {
  const text = header?.trim() ?? '';
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : readHttpDate(text) - orElse(readHttpDate(date?.trim() ?? ''), now.getTime());
  return Number.isNaN(ms) ? null : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ms));
}

/** RFC 9110 5.6.7, the form that is written today; others count as nonsense. */
const readHttpDate = (text: string): number => (/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text) ? Date.parse(text) : NaN);

const orElse = (value: number, other: number): number => (Number.isNaN(value) ? other : value);
