import type { HeartbeatRow } from '@trawling/database';

/**
 * Two heartbeats of one boot that wait for the same write are one: the newer. Those of different boots or machines are
 * written one after the other, so that the rules about them see both.
 */
export function mergeHeartbeats(earlier: HeartbeatRow, later: HeartbeatRow): HeartbeatRow | null {
  if (earlier.generation !== later.generation || earlier.bootId !== later.bootId) return null;
  const newer = later.sequence > earlier.sequence ? later : earlier;
  return { ...newer, highestVersion: Math.max(earlier.highestVersion ?? 0, later.highestVersion ?? 0) || null };
}
