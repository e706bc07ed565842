import { type GatewayClient } from '@trawling/launcher';
import { systemClock } from '@trawling/runtime';
import { z } from 'zod';

export type JobRun = { ok: boolean; /** Whatever it printed and OpenClaw said about it. */ text: string };

/** Without a declaration key OpenClaw answers with the job itself. */
const Added = z.looseObject({ id: z.string() });
const Started = z.looseObject({ runId: z.string().optional() });
const Runs = z.looseObject({ entries: z.array(z.looseObject({ action: z.string(), status: z.string().optional() })) });

const DONE_WITHIN_MS = 60_000;

/** Has OpenClaw run a program as one of its command jobs: no LLM, as the gateway's user, where a job of the bot runs. */
export async function runCommandJob(gateway: GatewayClient, argv: readonly string[]): Promise<JobRun> {
  const job = Added.parse(
    await gateway.request('cron.add', {
      name: `boot test: ${argv.join(' ')}`.slice(0, 100),
      enabled: true,
      // Never by itself.
      schedule: { kind: 'cron', expr: '0 0 1 1 *', tz: 'UTC', staggerMs: 0 },
      sessionTarget: 'isolated',
      wakeMode: 'now',
      payload: { kind: 'command', argv, timeoutSeconds: 30 },
      delivery: { mode: 'none' },
      failureAlert: false,
    }),
  );
  try {
    const deadline = systemClock.monotonicMs() + DONE_WITHIN_MS;
    let runId: string | undefined;
    for (; systemClock.monotonicMs() < deadline; await systemClock.sleep(100)) {
      runId ??= Started.parse(await gateway.request('cron.run', { id: job.id, mode: 'force' })).runId;
      if (runId === undefined) continue;
      const { entries } = Runs.parse(await gateway.request('cron.runs', { id: job.id, runId, limit: 5 }));
      const end = entries.find(({ action }) => action === 'finished');
      if (end) return { ok: end.status === 'ok', text: JSON.stringify(end) };
    }
    throw new Error(`OpenClaw did not finish "${argv.join(' ')}" within ${DONE_WITHIN_MS} ms`);
  } finally {
    await gateway.request('cron.remove', { id: job.id });
  }
}
