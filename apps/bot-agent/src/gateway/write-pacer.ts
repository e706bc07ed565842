import { type Clock } from '@trawling/runtime';

/** OpenClaw allows 30 writes of one method in 60 s and counts refused ones; others may write as well. */
const LIMIT = 24;
const WINDOW_MS = 60_000;

/** Returns `wait(method)`, which resolves when one more write of that method is within the limit. */
export function createWritePacer(clock: Clock, limit = LIMIT): (method: string) => Promise<void> {
  const writes = new Map<string, number[]>();

  return async (method) => {
    for (;;) {
      const now = clock.monotonicMs();
      const recent = (writes.get(method) ?? []).filter((at) => at > now - WINDOW_MS);
      const oldest = recent[0];
      if (recent.length < limit || oldest === undefined) {
        writes.set(method, [...recent, now]);
        return;
      }
      await clock.sleep(oldest + WINDOW_MS - now + 1);
    }
  };
}
