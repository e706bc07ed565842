import type { BotConfigPayload, CronJob } from '@trawling/contracts';
import type { OpenclawMachine } from './openclaw-machine.js';

/** Prefix of our declaration keys in OpenClaw's scheduler. Jobs without it are not ours and never touched. */
export const CRON_KEY_PREFIX = 'fleet:';

export const declarationKeyOf = (jobName: string): string => `${CRON_KEY_PREFIX}${jobName}`;

export type OpenclawCronPayload =
  | { kind: 'command'; argv: string[]; timeoutSeconds: number }
  | { kind: 'agentTurn'; message: string; timeoutSeconds: number; lightContext: boolean; toolsAllow: string[] };

/** Parameters of OpenClaw's `cron.add`; with a known `declarationKey` it is an upsert. */
export type OpenclawCronJob = {
  declarationKey: string;
  name: string;
  description: string;
  enabled: boolean;
  schedule: { kind: 'cron'; expr: string; tz: string; staggerMs: 0 };
  sessionTarget: 'isolated';
  wakeMode: 'now';
  payload: OpenclawCronPayload;
  delivery: { mode: 'webhook'; to: string } | { mode: 'none' };
  failureAlert: false;
};

/** The jobs OpenClaw runs itself, ready for its scheduler; those of `runner: agent` run in the agent's own loop. */
export function renderCronJobs(payload: Pick<BotConfigPayload, 'cron_jobs'>, machine: OpenclawMachine): OpenclawCronJob[] {
  return payload.cron_jobs.flatMap((job) => {
    const rendered = job.runner === 'openclaw' ? renderPayload(job, machine) : null;
    if (!rendered) return [];
    return [{
      declarationKey: declarationKeyOf(job.name),
      name: job.name,
      description: job.payload.kind === 'agent_turn' ? `Agent turn of ${job.name}` : job.message,
      enabled: job.enabled,
      // Schedules are staggered already; OpenClaw's own stagger would shift an owner's top-of-the-hour job.
      schedule: { kind: 'cron', expr: job.schedule, tz: job.timezone, staggerMs: 0 },
      sessionTarget: 'isolated',
      wakeMode: 'now',
      payload: rendered,
      delivery: machine.webhook === null ? { mode: 'none' } : { mode: 'webhook', to: machine.webhook.url },
      failureAlert: false,
    } satisfies OpenclawCronJob];
  });
}

function renderPayload({ payload, message }: CronJob, machine: OpenclawMachine): OpenclawCronPayload | null {
  switch (payload.kind) {
    case 'command':
      return { kind: 'command', argv: commandArgv(payload.command, machine), timeoutSeconds: payload.timeout_seconds };
    case 'agent_turn':
      return {
        kind: 'agentTurn',
        message,
        timeoutSeconds: payload.timeout_seconds,
        lightContext: payload.light_context,
        // Always explicit: left out, OpenClaw stores `*`, which is every tool there is.
        toolsAllow: payload.tools_allow,
      };
    case 'agent_loop':
      return null;
  }
}

function commandArgv(command: string, machine: OpenclawMachine): string[] {
  const argv = [machine.nodePath, machine.agentFile, 'job', command, '--params', machine.tradingParamsFile];
  return machine.dataRetrievalUrl === null ? argv : [...argv, '--data-url', machine.dataRetrievalUrl];
}
