import type { RateAnswer } from './request-budget.js';

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
/** Nothing usable is said. */
const DEFAULT_MS = 15_000;

/**
 * Milliseconds to send nothing after a 429. `retry-after` (seconds or a date) comes with the limit of the minute only;
 * that of the hour says in `ratelimit-reset` when its oldest request expires: worth one look a minute. Both are read by
 * the clock of the answer's own `date`, since the clocks of the two sides need not agree, and nonsense is not followed.
 */
export function stayAwayMs(headers: RateAnswer['headers'], nowMs: number): number {
  const theirNow = Date.parse(headers['date'] ?? '') || nowMs;
  const after = headers['retry-after'];
  if (after !== undefined) {
    const ms = /^\d+$/.test(after.trim()) ? Number(after) * SECOND : Date.parse(after) - theirNow;
    if (ms > 0) return clamp(ms, HOUR);
  }
  const reset = Number(headers['ratelimit-reset'] ?? Number.NaN) * SECOND - theirNow;
  return reset > 0 ? clamp(reset, MINUTE) : DEFAULT_MS;
}

const clamp = (ms: number, max: number): number => Math.min(Math.max(ms, SECOND), max);
