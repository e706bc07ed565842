import { type ScheduleResult } from './run-schedule.js';
import { type Violation } from './ledger.js';

/** The last line of the run. */
export type Summary = {
  schedules: number;
  bots: number;
  /** Two live droplets of one bot and generation, seen after any step and not explained, or at the end. */
  duplicates: number;
  /** Droplets without a bot at the end. */
  orphans: number;
  /** Bots that were not where their owner wants them at the end: online, or gone. */
  offline: number;
  /** Billed beyond one droplet per wanted bot, in the test's time. */
  extra_droplet_minutes: number;
};

export function summarise(results: readonly ScheduleResult[]): Summary {
  const all = results.flatMap(({ violations }) => violations);
  const count = (what: Violation['what']): number => all.filter((violation) => violation.what === what).length;
  const sum = (of: (result: ScheduleResult) => number): number => results.reduce((total, result) => total + of(result), 0);
  return {
    schedules: results.length,
    bots: sum(({ bots }) => bots),
    duplicates: count('duplicate'),
    orphans: count('orphan'),
    offline: count('offline'),
    extra_droplet_minutes: Math.round(sum(({ extraMinutes }) => extraMinutes) * 10) / 10,
  };
}

