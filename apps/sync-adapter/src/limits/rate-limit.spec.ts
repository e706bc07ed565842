import { createFakeClock } from '@trawling/runtime/testing';
import { createRateLimit, requireRate } from './rate-limit.js';

describe('the rate limit', () => {
  it('lets `limit` calls of one key in at once, then as many as it refills, and says how long to wait', async () => {
    const clock = createFakeClock();
    const limit = createRateLimit({ limit: 2, windowSeconds: 60, monotonicMs: clock.monotonicMs });

    expect([limit('a'), limit('a')]).toEqual([0, 0]);
    await clock.advance(10_000);
    expect(limit('a')).toBe(20);
    expect(limit('b')).toBe(0);
    await clock.advance(20_000);
    expect([limit('a'), limit('a')]).toEqual([0, 30]);
  });

  it('never saves up more than `limit`', async () => {
    const clock = createFakeClock();
    const limit = createRateLimit({ limit: 2, windowSeconds: 60, monotonicMs: clock.monotonicMs });
    limit('a');
    await clock.advance(3_600_000);
    expect([limit('a'), limit('a'), limit('a')]).toEqual([0, 0, 30]);
  });

  it('forgets the oldest keys when there are too many', () => {
    const limit = createRateLimit({ limit: 1, windowSeconds: 60, monotonicMs: () => 0 });
    for (let key = 0; key <= 50_000; key++) limit(String(key));
    expect([limit('0'), limit('50000')]).toEqual([0, 60]);
  });

  it('refuses with the seconds to wait', () => {
    expect(() => requireRate(0)).not.toThrow();
    expect(() => requireRate(7)).toThrow(expect.objectContaining({ code: 'rate-limited', extensions: { retry_after: 7 } }));
  });
});
