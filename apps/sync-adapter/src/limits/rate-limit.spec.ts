import { createFakeClock } from '@trawling/runtime/testing';
import { createRateLimit } from './rate-limit.js';

describe('the rate limit', () => {
  it('lets `limit` calls of one key into a window and says how long to wait for the next', async () => {
    const clock = createFakeClock();
    const limit = createRateLimit({ limit: 2, windowSeconds: 60, monotonicMs: clock.monotonicMs });

    expect([limit('a'), limit('a')]).toEqual([0, 0]);
    await clock.advance(10_000);
    expect(limit('a')).toBe(50);
    expect(limit('b')).toBe(0);
    await clock.advance(50_000);
    expect(limit('a')).toBe(0);
  });
});
