export type RateUsage = {
  /** Most requests that were served within one minute and within one hour, so far. */
  peak_minute: number;
  peak_hour: number;
  served: number;
  /** Answered 429 because a window was full. */
  refused: number;
};

export type RateVerdict = { ok: true } | { ok: false; retryAfterSeconds: number | null };

const MINUTE = 60_000;
const HOUR = 3_600_000;

export type RateLimits = { minute: number; hour: number };

/** DigitalOcean's two sliding windows, to the millisecond. Only the minute's answer says when to come back. */
export function createRateWindows(limits: RateLimits) {
  /** When each request of the last hour was served, oldest first. */
  let times: number[] = [];
  const usage: RateUsage = { peak_minute: 0, peak_hour: 0, served: 0, refused: 0 };
  const since = (from: number): number => times.length - firstAfter(times, from);

  return {
    admit(nowMs: number): RateVerdict {
      if ((times[0] ?? nowMs) <= nowMs - HOUR) times = times.slice(firstAfter(times, nowMs - HOUR));
      const minute = since(nowMs - MINUTE);
      if (minute >= limits.minute || times.length >= limits.hour) {
        usage.refused += 1;
        const oldest = times[times.length - minute] ?? nowMs;
        return { ok: false, retryAfterSeconds: minute >= limits.minute ? Math.max(1, Math.ceil((oldest + MINUTE - nowMs) / 1000)) : null };
      }
      times.push(nowMs);
      usage.served += 1;
      usage.peak_minute = Math.max(usage.peak_minute, minute + 1);
      usage.peak_hour = Math.max(usage.peak_hour, times.length);
      return { ok: true };
    },
    /** `ratelimit-…`: of the hour. */
    headers(nowMs: number, skewMs: number): Record<string, string> {
      const expires = (times[0] ?? nowMs) + HOUR + skewMs;
      return {
        'ratelimit-limit': String(limits.hour),
        'ratelimit-remaining': String(Math.max(0, limits.hour - times.length)),
        'ratelimit-reset': String(Math.floor(expires / 1000)),
      };
    },
    usage: (): RateUsage => ({ ...usage }),
  };
}

/** Index of the first time after `from`, by halves. */
function firstAfter(times: readonly number[], from: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) > from) high = middle;
    else low = middle + 1;
  }
  return low;
}
