import fc from 'fast-check';
import { type FailureReason, type Outcome } from './outcome.js';
import { LONGEST_BACKOFF_MS, waitAfter } from './wait-after.js';

const failed = (reason: FailureReason, retryAfterMs: number | null = null): Outcome => ({ ok: false, reason, httpStatus: null, retryAfterMs, code: null });
const transient = fc.constantFrom<FailureReason>('timeout', 'network', 'certificate', 'server-error', 'throttled');
const lasting = fc.constantFrom<FailureReason>('unauthorized', 'invalid', 'not-a-receiver', 'refused');
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failures = fc.integer({ min: 1, max: 100_000 });
const intervalMs = fc.integer({ min: 1_000, max: 120_000 });

describe('the wait until the next status', () => {
  it('is the interval, a tenth more or less, after one that arrived', () => {
    fc.assert(fc.property(intervalMs, random, (ms, r) => {
      const wait = waitAfter({ ok: true, httpStatus: 204 }, { failures: 0, intervalMs: ms, random: () => r });

      expect(wait).toBeGreaterThanOrEqual(Math.floor(ms * 0.9));
      expect(wait).toBeLessThanOrEqual(Math.ceil(ms * 1.1));
    }));
  });

  it.each([
    [1, 2_500, 5_000],
    [2, 5_000, 10_000],
    [3, 10_000, 20_000],
    [4, 20_000, 40_000],
    [5, 40_000, 80_000],
    [6, 80_000, 160_000],
    [7, 150_000, 300_000],
    [8, 150_000, 300_000],
    [5_000, 150_000, 300_000],
  ])('after failure %i in a row is between %i and %i ms', (count, least, most) => {
    const wait = (r: number): number => waitAfter(failed('network'), { failures: count, intervalMs: 30_000, random: () => r });

    expect([wait(0), wait(1)]).toEqual([least, most]);
  });

  it('is never above five minutes, and never nothing, when nobody asks for more', () => {
    fc.assert(fc.property(transient, failures, intervalMs, random, (reason, count, ms, r) => {
      const wait = waitAfter(failed(reason), { failures: count, intervalMs: ms, random: () => r });

      expect(wait).toBeGreaterThanOrEqual(2_500);
      expect(wait).toBeLessThanOrEqual(LONGEST_BACKOFF_MS);
    }));
  });

  it('is never shorter than the receiver asked for, and hardly longer', () => {
    fc.assert(fc.property(failures, random, fc.integer({ min: 0, max: 900_000 }), (count, r, asked) => {
      const pace = { failures: count, intervalMs: 30_000, random: () => r };
      const wait = waitAfter(failed('throttled', asked), pace);

      expect(wait).toBeGreaterThanOrEqual(asked);
      expect(wait).toBeLessThanOrEqual(Math.max(Math.ceil(asked * 1.1), waitAfter(failed('throttled'), pace)));
    }));
  });

  it('is five minutes, a tenth more or less, for what a human has to mend', () => {
    fc.assert(fc.property(lasting, failures, random, (reason, count, r) => {
      const wait = waitAfter(failed(reason), { failures: count, intervalMs: 30_000, random: () => r });

      expect(wait).toBeGreaterThanOrEqual(LONGEST_BACKOFF_MS * 0.9);
      expect(wait).toBeLessThanOrEqual(LONGEST_BACKOFF_MS * 1.1);
    }));
  });
});
