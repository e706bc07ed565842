/**
 * How long to wait when a server asked for `retryAfterMs`, in milliseconds: that, and a random part of as much again
 * but of a second at least, so that a fleet that heard the same does not come back in one instant (docs/protocol.md).
 */
export const busyWaitMs = (retryAfterMs: number, random: () => number): number => retryAfterMs + Math.round(random() * Math.max(1_000, retryAfterMs));
