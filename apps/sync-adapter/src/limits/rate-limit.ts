/** Answers how many seconds to wait, or 0 when the call may go on. */
export type RateLimit = (key: string) => number;

/** Keys remembered at once; beyond it the oldest windows are forgotten, which errs on the side of letting calls in. */
const MAX_KEYS = 10_000;

/** At most `limit` calls of one key in each window of `windowSeconds`. Per process: a brake, not a promise. */
export function createRateLimit(options: { limit: number; windowSeconds: number; monotonicMs: () => number }): RateLimit {
  const windowMs = options.windowSeconds * 1000;
  const windows = new Map<string, { startedAt: number; count: number }>();

  return (key) => {
    const now = options.monotonicMs();
    const current = windows.get(key);
    if (!current || now - current.startedAt >= windowMs) {
      windows.delete(key);
      windows.set(key, { startedAt: now, count: 1 });
      for (const oldest of windows.keys()) {
        if (windows.size <= MAX_KEYS) break;
        windows.delete(oldest);
      }
      return 0;
    }
    current.count += 1;
    return current.count > options.limit ? Math.ceil((current.startedAt + windowMs - now) / 1000) : 0;
  };
}
