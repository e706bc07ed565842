import { backoffMs, jitter } from '@trawling/runtime';
import { type Outcome, passesByItself } from './outcome.js';

/** Wait after the first failure; doubled each time. Milliseconds. */
export const SHORTEST_BACKOFF_MS = 5_000;
/** No longer than this between two attempts, unless the receiver asks for more. Milliseconds. */
export const LONGEST_BACKOFF_MS = 300_000;

/** `failures`: in a row, this one included. */
export type Pace = { failures: number; intervalMs: number; random: () => number };

/**
 * Milliseconds from the outcome of one attempt to the next, which sends the status of that time. After a success the
 * interval ±10 %; after what passes by itself 5 s, 10 s, 20 s … 5 minutes, the upper half random, and never before the
 * receiver said; after what a human has to mend 5 minutes ±10 %. For ever.
 */
export function waitAfter(outcome: Outcome, { failures, intervalMs, random }: Pace): number {
  if (outcome.ok) return jitter(intervalMs, 0.1, random);
  if (!passesByItself(outcome.reason)) return jitter(LONGEST_BACKOFF_MS, 0.1, random);
  const backoff = backoffMs({ attempt: failures - 1, baseMs: SHORTEST_BACKOFF_MS, maxMs: LONGEST_BACKOFF_MS, random });
  // Later than asked, never earlier; who was sent away together does not come back together.
  const asked = outcome.retryAfterMs === null ? 0 : Math.round(outcome.retryAfterMs * (1 + 0.1 * random()));
  return Math.max(backoff, asked);
}
