import { inspect } from 'node:util';
import { type OnStop, withReleasers } from '@trawling/runtime';
import { openPostgres } from './open-postgres.js';
import { type Options, parseOptions } from './options.js';
import { runSchedules } from './run-schedules.js';
import { coverageTable } from './schedule/coverage.js';
import { randomPlay, type ScheduleResult } from './schedule/run-schedule.js';
import { type Summary } from './schedule/summary.js';
import { checkoutFolder } from './workers/build-worker.js';

/** Milliseconds between two lines that say how far it is. */
const TELL_MS = 15_000;
/** What a shell gives for a program that Ctrl-C ended. */
const INTERRUPTED = 130;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function tell(result: ScheduleResult, options: Options): void {
  const { seed, bots, violations, story, failures } = result;
  if (violations.length === 0 && !options.story) return;
  say(`\nseed ${seed}, ${bots} bots: ${violations.length === 0 ? 'as it should be' : violations.map(({ what, detail }) => `${what}: ${detail}`).join('; ')}`);
  for (const line of story) say(`  ${line}`);
  for (const line of new Set(failures.map((text) => text.split('\n')[0]))) say(`  a job failed: ${line}`);
}

function closingWords(results: readonly ScheduleResult[]): string {
  const total = (of: (result: ScheduleResult) => number): number => results.reduce((sum, result) => sum + of(result), 0);
  const most = (of: (result: ScheduleResult) => number): number => Math.max(...results.map(of));
  return [
    `${Math.round(total(({ billedMinutes }) => billedMinutes))} droplet minutes billed in the test's time`,
    `${total(({ helped }) => helped)} machines given up and rebuilt by hand`,
    `${total(({ staleDeletes }) => staleDeletes)} deletes by a worker that had been overtaken`,
    `${total(({ excusedPairs }) => excusedPairs)} pairs of machines by a process that was stopped between its last look at the clock and its first byte`,
    `${total(({ leftTags }) => leftTags)} tags left behind`,
    `at most ${most(({ rates }) => rates.peak_minute)} requests a minute and ${most(({ rates }) => rates.peak_hour)} an hour, ${total(({ rates }) => rates.refused)} refused for it`,
  ].join('; ');
}

async function run(onStop: OnStop, options: Options, signal: AbortSignal): Promise<{ summary: Summary; isClean: boolean }> {
  const begun = performance.now();
  let toldAt = begun;
  say(`seeds ${options.seed} to ${options.seed + options.schedules - 1}`);
  const postgres = await openPostgres(onStop, checkoutFolder());
  const { summary, coverage, results } = await runSchedules(onStop, {
    ...options, ...postgres, signal,
    play: randomPlay(options.turns),
    onSchedule(result, index) {
      tell(result, options);
      if (performance.now() - toldAt < TELL_MS) return;
      toldAt = performance.now();
      say(`${index + 1} schedules, ${Math.round((toldAt - begun) / 1000)} s`);
    },
  });
  say(`\n${coverageTable(coverage)}`);
  say(`\n${closingWords(results)}; ${Math.round((performance.now() - begun) / 1000)} s`);
  return { summary, isClean: results.every(({ violations }) => violations.length === 0) };
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const interrupted = new AbortController();
  // More than once: npm passes on a Ctrl-C that the terminal has sent to everybody. And when npm ends first, the kernel
  // sends SIGHUP to whoever is left, because a stopped worker is among them.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort(new Error('interrupted')));
  const opened = await withReleasers((onStop) => run(onStop, options, interrupted.signal)).catch((error: unknown) => {
    // A Ctrl-C in a terminal reaches Postgres as well, so whatever was asked of it failed.
    if (!interrupted.signal.aborted) throw error;
    return null;
  });
  if (!opened) {
    say('interrupted');
    return INTERRUPTED;
  }
  await opened.stop();
  const { summary, isClean } = opened.value;
  process.stdout.write(`${JSON.stringify(summary)}\n`);
  return isClean ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(`exactly-once: ${inspect(error)}`);
    process.exit(1);
  },
);
