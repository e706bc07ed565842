/** Enough for ten thousand bots to come back one after the other. */
const MAX_SPREAD_MS = 60_000;

/**
 * How long to wait when a server asked for `retryAfterMs`, in milliseconds: that, and a random part of as much again
 * (of a second at least, of a minute at most), so that a fleet that heard the same does not come back in one instant
 * (docs/protocol.md).
 */
export const busyWaitMs = (retryAfterMs: number, random: () => number): number =>
  retryAfterMs + Math.round(random() * Math.min(MAX_SPREAD_MS, Math.max(1_000, retryAfterMs)));
