import fc from 'fast-check';
import { DEFAULT_HEALTH_THRESHOLDS as thresholds, degradedBecause, type HealthSample, type HealthState, HEALTHY, isDegraded, nextHealth } from './health-rule.js';

const fine: Omit<HealthSample, 'atMs'> = { tasks: { ended: 20, failed: 0 }, queueLength: 2, concurrentTasks: 4, impairedBy: null };
const failing = { ...fine, tasks: { ended: 20, failed: 12 } };
const crowded = { ...fine, queueLength: 5 };

/** Seconds and what is seen from then on, looked at every second; the seconds at which degraded began and ended. */
function turns(story: [second: number, seen: Omit<HealthSample, 'atMs'>][], untilSecond: number): { second: number; degraded: boolean }[] {
  let state: HealthState = HEALTHY;
  let seen = fine;
  const found: { second: number; degraded: boolean }[] = [];
  for (let second = 0; second <= untilSecond; second += 1) {
    seen = story.find(([at]) => at === second)?.[1] ?? seen;
    const before = isDegraded(state);
    state = nextHealth(state, { atMs: second * 1000, ...seen }, thresholds);
    if (isDegraded(state) !== before) found.push({ second, degraded: !before });
  }
  return found;
}

describe('errors', () => {
  it('degrade at once when more than a quarter of the tasks failed', () => {
    expect(turns([[5, failing]], 60)).toEqual([{ second: 5, degraded: true }]);
    expect(turns([[5, { ...fine, tasks: { ended: 20, failed: 5 } }]], 60)).toEqual([]);
  });

  it('prove nothing while fewer than ten tasks ended', () => {
    expect(turns([[5, { ...fine, tasks: { ended: 9, failed: 9 } }]], 600)).toEqual([]);
  });

  it('are over when the rate was below a tenth for a minute without a break', () => {
    const almost = { ...fine, tasks: { ended: 20, failed: 2 } };

    expect(turns([[0, failing], [10, fine], [60, almost], [70, fine]], 200)).toEqual([{ second: 0, degraded: true }, { second: 130, degraded: false }]);
  });
});

describe('a queue', () => {
  it('degrades when it was longer than the capacity for a minute without a break', () => {
    expect(turns([[10, crowded], [50, fine], [60, crowded]], 200)).toEqual([{ second: 120, degraded: true }]);
  });

  it('as long as the capacity degrades nothing', () => {
    expect(turns([[0, { ...fine, queueLength: 4 }]], 1_000)).toEqual([]);
  });

  it('is over when it was at four fifths of the capacity or below for half a minute', () => {
    const full = { ...fine, queueLength: 4 };
    const short = { ...fine, queueLength: 3 };

    expect(turns([[0, crowded], [100, full], [200, short]], 300)).toEqual([{ second: 60, degraded: true }, { second: 230, degraded: false }]);
  });

  it('of a service that does one task at a time is over with one task in it', () => {
    const one = (queueLength: number) => ({ ...fine, concurrentTasks: 1, queueLength });

    expect(turns([[0, one(2)], [100, one(1)]], 200)).toEqual([{ second: 60, degraded: true }, { second: 130, degraded: false }]);
  });
});

describe('what the service says itself', () => {
  it('counts at once, and is over after ten seconds without it', () => {
    const impaired = { ...fine, impairedBy: 'Postgres is away' };

    expect(turns([[5, impaired], [20, fine], [25, impaired], [30, fine]], 60)).toEqual([{ second: 5, degraded: true }, { second: 40, degraded: false }]);
  });

  it('is among the reasons', () => {
    const state = nextHealth(HEALTHY, { atMs: 0, ...failing, impairedBy: 'Postgres is away' }, thresholds);

    expect(degradedBecause(state)).toEqual(['too many tasks fail', 'Postgres is away']);
    expect(degradedBecause(HEALTHY)).toEqual([]);
  });
});

const sample = fc.record({
  waitMs: fc.integer({ min: 0, max: 45_000 }),
  tasks: fc.record({ ended: fc.integer({ min: 0, max: 100 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }).map(({ ended, share }) => ({ ended, failed: Math.round(ended * share) })),
  queueLength: fc.integer({ min: 0, max: 20 }),
  concurrentTasks: fc.integer({ min: 0, max: 10 }),
  impairedBy: fc.constantFrom(null, null, 'a dependency is away'),
});
const samples = fc.array(sample, { minLength: 1, maxLength: 100 });

/** The state after each sample, with its moment. */
function walk(given: (Omit<HealthSample, 'atMs'> & { waitMs: number })[]): { atMs: number; state: HealthState; seen: Omit<HealthSample, 'atMs'> }[] {
  let state: HealthState = HEALTHY;
  let atMs = 0;
  return given.map(({ waitMs, ...seen }) => {
    atMs += waitMs;
    state = nextHealth(state, { atMs, ...seen }, thresholds);
    return { atMs, state, seen };
  });
}

describe('whatever is seen', () => {
  it.each(['errors', 'queue', 'impaired'] as const)('once it degraded by %s it stays so for at least the time that leaving takes: it cannot flap', (kind) => {
    fc.assert(fc.property(samples, (given) => {
      let enteredMs: number | null = null;
      for (const { atMs, state } of walk(given)) {
        if (enteredMs === null && state[kind].active) enteredMs = atMs;
        if (enteredMs !== null && !state[kind].active) {
          expect(atMs - enteredMs).toBeGreaterThanOrEqual(thresholds[kind].leaveAfterMs);
          enteredMs = null;
        }
      }
    }));
  });

  it('a service that is fine at every look never degrades', () => {
    const good = sample.map((one) => ({ ...one, tasks: { ended: one.tasks.ended, failed: Math.floor(one.tasks.ended / 10) }, queueLength: Math.min(one.queueLength, one.concurrentTasks), impairedBy: null }));

    fc.assert(fc.property(fc.array(good, { maxLength: 100 }), (given) => {
      expect(walk(given).some(({ state }) => isDegraded(state))).toBe(false);
    }));
  });

  it('a service that is fine for long enough is healthy, however bad it was', () => {
    fc.assert(fc.property(samples, (given) => {
      const healed = walk([...given, ...Array.from({ length: 61 }, () => ({ waitMs: 1_000, ...fine }))]);

      expect(isDegraded(healed.at(-1)?.state ?? HEALTHY)).toBe(false);
    }));
  });

  it('a service that fails at every look for long enough is degraded, however good it was', () => {
    const bad = { waitMs: 1_000, ...crowded };

    fc.assert(fc.property(samples, (given) => {
      const spoilt = walk([...given, ...Array.from({ length: 61 }, () => bad)]);

      expect(isDegraded(spoilt.at(-1)?.state ?? HEALTHY)).toBe(true);
    }));
  });

  it('the queue degrades nothing that was not too long at two looks a minute apart, nor between them', () => {
    fc.assert(fc.property(samples, (given) => {
      const steps = walk(given);
      steps.forEach(({ state, atMs }, index) => {
        if (!state.queue.active || steps[index - 1]?.state.queue.active) return;
        const lastMinute = steps.slice(0, index + 1).filter((step) => atMs - step.atMs <= thresholds.queue.enterAfterMs);
        expect(lastMinute.every(({ seen }) => seen.queueLength > seen.concurrentTasks)).toBe(true);
      });
    }));
  });

  it('looking twice at the same moment changes nothing more than looking once', () => {
    fc.assert(fc.property(samples, sample, (given, { waitMs, ...seen }) => {
      const before = walk(given).at(-1);
      const atMs = (before?.atMs ?? 0) + waitMs;
      const once = nextHealth(before?.state ?? HEALTHY, { atMs, ...seen }, thresholds);

      expect(isDegraded(nextHealth(once, { atMs, ...seen }, thresholds))).toBe(isDegraded(once));
    }));
  });
});
