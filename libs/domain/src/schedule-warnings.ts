import type { BotSettings, Issue } from '@trawling/contracts';
import { longestGapSeconds, shortestGapSeconds } from './cron-schedule.js';
import { AGENT_TURN_TIMEOUT_SECONDS } from './generate-cron-jobs.js';

type Job = keyof BotSettings['schedule'];

/** Seconds beyond which a schedule of the owner's own hardly does what the job is for. */
const SLOWEST: Partial<Record<Job, { seconds: number; message: string }>> = {
  'risk-check': { seconds: 900, message: 'the risk caps are not checked for more than 15 minutes at a time' },
  'fetch-prices': { seconds: 3600, message: 'prices get older than an hour' },
  'health-ping': { seconds: 3600, message: 'the agent reports at least once an hour; that this bot is away shows late' },
  'config-sync': { seconds: 3600, message: 'the agent asks at least once an hour; a change may take that long' },
};

/** Seconds between two runs below which a run is not over when the next one is due, or costs more than it brings. */
const FASTEST: Partial<Record<Job, { seconds: number; message: string }>> = {
  'run-algorithm': {
    seconds: AGENT_TURN_TIMEOUT_SECONDS,
    message: `a run may take ${AGENT_TURN_TIMEOUT_SECONDS} seconds and costs an LLM turn: faster ones are skipped or pile up`,
  },
  'fetch-prices': { seconds: 10, message: 'a run may take longer than the time to the next one' },
  'risk-check': { seconds: 10, message: 'a run may take longer than the time to the next one' },
};

/** Schedules that are valid and kept as they are, but rarely what an owner means. */
export function scheduleWarnings({ schedule }: Pick<BotSettings, 'schedule'>): Issue[] {
  const warnings: Issue[] = [];
  for (const job of JOBS) {
    const expression = schedule[job];
    if (expression === undefined) continue;
    const path = `schedule.${job}`;
    const slowest = SLOWEST[job];
    if (slowest && longestGapSeconds(expression) > slowest.seconds) warnings.push({ path, message: slowest.message });
    const fastest = FASTEST[job];
    if (fastest && shortestGapSeconds(expression) < fastest.seconds) warnings.push({ path, message: fastest.message });
  }
  return warnings;
}

const JOBS: readonly Job[] = ['fetch-prices', 'run-algorithm', 'risk-check', 'health-ping', 'config-sync'];
