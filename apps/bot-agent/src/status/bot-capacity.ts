import { type BotStatus, type Capacity } from '@trawling/contracts';
import { declarationKeyOf } from '@trawling/domain';
import { type BotAbility, isTrading } from './bot-capabilities.js';

/**
 * Runs of jobs that OpenClaw 2026.9.6 lets go on at once: fixed, no setting changes it (`resolveRunConcurrency` of its
 * cron service). `agents.defaults.maxConcurrent` is about turns of conversations, not about jobs.
 */
export const MAX_RUNS_OF_OPENCLAW = 8;

/**
 * How many of OpenClaw's jobs may run at once and how many do. OpenClaw never runs one job twice at a time, so the enabled
 * jobs are a bound as well. There is no room while the bot does not trade, its gateway is away or its agent ends.
 */
export function botCapacity(
  input: BotAbility & {
    gateway: BotStatus['gateway']['state'];
    /** Runs of jobs that go on. */
    runs: number;
    /** The agent was told to end. */
    draining: boolean;
  },
): Capacity {
  const { config, gateway, givenUpJobs, draining, runs } = input;
  // With nobody there to run them, none runs.
  const queue_length = gateway === 'down' ? 0 : runs;
  if (config === null || gateway !== 'ready' || draining || !isTrading(input)) return { concurrent_tasks: 0, queue_length };
  const jobs = config.cron_jobs.filter((job) => job.runner === 'openclaw' && job.enabled && !givenUpJobs.includes(declarationKeyOf(job.name)));
  return { concurrent_tasks: Math.min(jobs.length, MAX_RUNS_OF_OPENCLAW), queue_length };
}
