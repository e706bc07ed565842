import { Cron } from 'croner';
import fc from 'fast-check';
import { everySeconds, scheduleProblem, shortestGapSeconds, staggerOf } from './cron-schedule.js';

const PERIODS = [1, 5, 10, 15, 20, 30, 60, 120, 180, 300, 600, 900, 1800, 3600];

describe('everySeconds', () => {
  it('fires with exactly its period and shift, for every period that divides a minute or an hour', () => {
    fc.assert(fc.property(fc.constantFrom(...PERIODS), fc.nat(5000), (period, shift) => {
      const expression = everySeconds(period, shift);
      const start = new Date('2026-03-01T00:00:00Z');
      const runs = new Cron(expression, { paused: true, utcOffset: 0 }).nextRuns(5, new Date(start.getTime() - 1)).map((run) => (run.getTime() - start.getTime()) / 1000);
      expect(runs).toEqual([0, 1, 2, 3, 4].map((i) => (shift % period) + i * period));
    }));
  });

  it.each([7, 45, 90, 420, 7200])('refuses a period of %d s, which cron cannot say', (period) => {
    expect(() => everySeconds(period, 0)).toThrow(RangeError);
  });
});

describe('staggerOf', () => {
  it('is the same for the same bot and below an hour', () => {
    fc.assert(fc.property(fc.uuid(), (botId) => {
      expect(staggerOf(botId)).toBe(staggerOf(botId));
      expect(staggerOf(botId)).toBeLessThan(3600);
    }));
  });
});

describe('scheduleProblem', () => {
  it.each(['* * * * *', '*/30 * * * * *', '0 9 * * 1-5', '0 0 29 2 *', '5-59/10 * * * *'])('finds nothing wrong with %s', (expression) => {
    expect(scheduleProblem(expression, 'Europe/Berlin')).toBeNull();
  });

  it.each(['61 * * * *', '* * * *', '0 0 12 1 1 * 2027', 'a b c d e', '0 0 31 2 *'])('says why %s is no schedule', (expression) => {
    expect(scheduleProblem(expression)).toEqual(expect.any(String));
  });
});

describe('shortestGapSeconds', () => {
  it.each([['*/30 * * * * *', 30], ['0,10 * * * *', 600], ['0 0 * * 1', 604_800], ['* * * * * *', 1]])('of %s is %d s', (expression, seconds) => {
    expect(shortestGapSeconds(expression)).toBe(seconds);
  });
});
