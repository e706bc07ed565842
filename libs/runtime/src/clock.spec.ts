import fc from 'fast-check';
import { backoffMs, jitter } from './backoff.js';
import { systemClock } from './clock.js';
import { createFakeClock } from './testing/index.js';
import { uuid7 } from './uuid7.js';

describe('the system clock', () => {
  it('sleeps, and wakes early when told to', async () => {
    const controller = new AbortController();
    const started = systemClock.monotonicMs();
    const sleeping = systemClock.sleep(60_000, controller.signal);

    controller.abort();
    await sleeping;
    await systemClock.sleep(60_000, controller.signal);
    await systemClock.sleep(1);

    expect(systemClock.monotonicMs() - started).toBeLessThan(5_000);
  });
});

describe('the fake clock', () => {
  it('moves a loop through its sleeps in order', async () => {
    const clock = createFakeClock('2026-11-01T00:00:00.000Z');
    const ticks: string[] = [];
    const loop = async () => {
      for (let i = 0; i < 3; i += 1) {
        await clock.sleep(1_000);
        ticks.push(clock.now().toISOString());
      }
    };
    const done = loop();

    await clock.advance(2_500);

    expect(ticks).toEqual(['2026-11-01T00:00:01.000Z', '2026-11-01T00:00:02.000Z']);
    expect(clock.monotonicMs()).toBe(2_500);
    expect(clock.sleeping()).toBe(1);
    await clock.advance(500);
    await done;
  });

  it('wakes a sleep when its signal aborts', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(1_000, controller.signal);

    controller.abort();

    await expect(sleeping).resolves.toBeUndefined();
    expect(clock.sleeping()).toBe(0);
  });
});

describe('backoff and jitter', () => {
  const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });

  it('backs off at least half of the doubled base and never beyond the maximum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000 }), random, (attempt, r) => {
        const ms = backoffMs({ attempt, baseMs: 100, maxMs: 30_000, random: () => r });
        const ceiling = Math.min(30_000, 100 * 2 ** Math.min(attempt, 52));
        expect(ms).toBeGreaterThanOrEqual(Math.floor(ceiling / 2));
        expect(ms).toBeLessThanOrEqual(ceiling);
      }),
    );
  });

  it('keeps jitter within its ratio', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), random, (ms, r) => {
        expect(Math.abs(jitter(ms, 0.1, () => r) - ms)).toBeLessThanOrEqual(ms * 0.1 + 1);
      }),
    );
  });
});

describe('uuid7', () => {
  it('makes ids that sort by the time they were made', () => {
    const ids = Array.from({ length: 500 }, uuid7);

    expect([...ids].sort()).toEqual(ids);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
