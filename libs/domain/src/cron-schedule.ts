import { createHash } from 'node:crypto';
import { Cron } from 'croner';

/** A Monday at midnight: where the gaps of a schedule are measured from, so that they do not depend on today. */
const REFERENCE = new Date('2026-01-05T00:00:00.000Z');
/** A Sunday at noon, half a year later. */
const LATER = new Date('2026-07-05T12:00:00.000Z');
const RUNS_LOOKED_AT = 16;

/** Why this is not a schedule OpenClaw's scheduler (croner, 5 or 6 fields) can run, or null when it is one. */
export function scheduleProblem(expression: string, timezone = 'UTC'): string | null {
  try {
    const next = new Cron(expression, { paused: true, mode: '5-or-6-parts', timezone }).nextRun(REFERENCE);
    return next ? null : 'this schedule never comes round';
  } catch (error) {
    return error instanceof Error ? error.message : 'not a cron expression';
  }
}

/** The shortest gap between two runs, in seconds. Throws for an invalid expression; see scheduleProblem. */
export function shortestGapSeconds(expression: string): number {
  // A fixed offset instead of the zone UTC: the same runs, fifteen times faster.
  const cron = new Cron(expression, { paused: true, mode: '5-or-6-parts', utcOffset: 0 });
  const runs = cron.nextRuns(RUNS_LOOKED_AT, REFERENCE).map((run) => run.getTime());
  const gaps = runs.slice(1).map((run, i) => (run - (runs[i] ?? 0)) / 1000);
  return gaps.length === 0 ? Infinity : Math.min(...gaps);
}

/**
 * The longest time without a run that shows around two moments half a year apart, in seconds; a schedule that runs
 * only on some days of the year is found by the wait for its first run.
 */
export function longestGapSeconds(expression: string): number {
  const cron = new Cron(expression, { paused: true, mode: '5-or-6-parts', utcOffset: 0 });
  const gaps = [REFERENCE, LATER].flatMap((from) => {
    const times = [from.getTime(), ...cron.nextRuns(RUNS_LOOKED_AT, from).map((run) => run.getTime())];
    return times.slice(1).map((time, i) => (time - (times[i] ?? 0)) / 1000);
  });
  return Math.max(0, ...gaps);
}

/** A number from 0 to 3599 that is always the same for one bot and evenly spread over the fleet. */
export function staggerOf(botId: string): number {
  return createHash('sha256').update(`stagger/${botId}`).digest().readUInt32BE(0) % 3600;
}

/**
 * A six-field expression that fires every `periodSeconds`, shifted by `shiftSeconds`.
 * The period must divide a minute, or be whole minutes that divide an hour; otherwise RangeError.
 */
export function everySeconds(periodSeconds: number, shiftSeconds: number): string {
  const shift = shiftSeconds % periodSeconds;
  if (periodSeconds < 60 && 60 % periodSeconds === 0) {
    const seconds = Array.from({ length: 60 / periodSeconds }, (_, i) => shift + i * periodSeconds);
    return `${seconds.join(',')} * * * * *`;
  }
  const minutes = periodSeconds / 60;
  if (!Number.isInteger(minutes) || 60 % minutes !== 0) throw new RangeError(`No cron expression fires every ${periodSeconds} s`);
  const second = shift % 60;
  return minutes === 1 ? `${second} * * * * *` : `${second} ${Math.floor(shift / 60)}-59/${minutes} * * * *`;
}
