import { DomainError } from '@trawling/contracts';

/** Answers how many seconds to wait, or 0 when the call may go on. */
export type RateLimit = (key: string) => number;

/** Keys remembered at once; beyond it the oldest are forgotten, which errs on the side of letting calls in. */
const MAX_KEYS = 50_000;

/**
 * A bucket of `limit` calls for each key, refilled evenly within `windowSeconds`. A call that has to wait takes nothing.
 * Per process: a brake, not a promise.
 */
export function createRateLimit(options: { limit: number; windowSeconds: number; monotonicMs: () => number }): RateLimit {
  const { limit, monotonicMs } = options;
  const callsPerMs = limit / (options.windowSeconds * 1000);
  const buckets = new Map<string, { calls: number; at: number }>();

  return (key) => {
    const now = monotonicMs();
    const bucket = buckets.get(key);
    if (!bucket) {
      buckets.set(key, { calls: limit - 1, at: now });
      if (buckets.size > MAX_KEYS) forgetOldest(buckets);
      return 0;
    }
    bucket.calls = Math.min(limit, bucket.calls + (now - bucket.at) * callsPerMs);
    bucket.at = now;
    if (bucket.calls < 1) return Math.ceil((1 - bucket.calls) / callsPerMs / 1000);
    bucket.calls -= 1;
    return 0;
  };
}

function forgetOldest(buckets: Map<string, unknown>): void {
  const [oldest] = buckets.keys();
  if (oldest !== undefined) buckets.delete(oldest);
}

/** Throws `rate-limited` with the seconds to wait, when there are any. */
export function requireRate(waitSeconds: number): void {
  if (waitSeconds > 0) throw new DomainError('rate-limited', `Too many calls: wait ${waitSeconds} s.`, { retry_after: waitSeconds });
}
