/**
 * Milliseconds to wait before attempt `attempt + 1` (0 is the first failure): exponential, never above `maxMs`,
 * the upper half random, so that clients that failed together do not come back together.
 */
export function backoffMs(options: { attempt: number; baseMs: number; maxMs: number; random: () => number }): number {
  const ceiling = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(Math.max(options.attempt, 0), 52));
  return Math.round(ceiling / 2 + (ceiling / 2) * options.random());
}

/** `ms` plus or minus up to `ratio` of it. */
export function jitter(ms: number, ratio: number, random: () => number): number {
  return Math.max(0, Math.round(ms * (1 + ratio * (2 * random() - 1))));
}
