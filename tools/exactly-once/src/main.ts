import { type OnStop, withReleasers } from '@trawling/runtime';
import { openPostgres } from './open-postgres.js';
import { type Options, parseOptions } from './options.js';
import { runSchedules } from './run-schedules.js';
import { coverageTable } from './schedule/coverage.js';
import { type ScheduleResult } from './schedule/run-schedule.js';
import { isClean, type Summary } from './schedule/summary.js';
import { checkoutFolder } from './workers/build-worker.js';

const say = (line: string): void => void process.stderr.write(`${line}\n`);

function tell(result: ScheduleResult, options: Options): void {
  const { seed, bots, violations, story, failures } = result;
  if (violations.length === 0 && !options.story) return;
  say(`\nseed ${seed}, ${bots} bots: ${violations.length === 0 ? 'as it should be' : violations.map(({ what, detail }) => `${what}: ${detail}`).join('; ')}`);
  for (const line of story) say(`  ${line}`);
  for (const line of new Set(failures.map((text) => text.split('\n')[0]))) say(`  a job failed: ${line}`);
}

async function run(onStop: OnStop, options: Options): Promise<Summary> {
  const begun = performance.now();
  say(`seeds ${options.seed} to ${options.seed + options.schedules - 1}`);
  const postgres = await openPostgres(onStop, checkoutFolder());
  const { summary, coverage, results } = await runSchedules(onStop, {
    ...options, ...postgres,
    onSchedule(result, index) {
      tell(result, options);
      if ((index + 1) % 25 === 0) say(`${index + 1} schedules, ${Math.round((performance.now() - begun) / 1000)} s`);
    },
  });
  const total = (of: (result: ScheduleResult) => number): number => results.reduce((sum, result) => sum + of(result), 0);
  say(`\n${coverageTable(coverage)}`);
  say(`\n${Math.round(total(({ billedMinutes }) => billedMinutes))} droplet minutes billed in the test's time; ${total(({ helped }) => helped)} machines were given up and rebuilt by hand;`
    + ` ${total(({ excusedPairs }) => excusedPairs)} pairs by a process that was stopped between its last look at the clock and its first byte; ${Math.round((performance.now() - begun) / 1000)} s`);
  return summary;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  const opened = await withReleasers((onStop) => run(onStop, options));
  await opened.stop();
  process.stdout.write(`${JSON.stringify(opened.value)}\n`);
  return isClean(opened.value) ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(`exactly-once: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exit(1);
  },
);
