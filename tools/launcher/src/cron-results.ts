import { CronRunResult } from '@trawling/contracts';
import { z } from 'zod';
import { type ControlPlaneClient } from './control-plane-client.js';
import { type GatewayClient } from './gateway-client.js';

/** OpenClaw's answer to `cron.run`: the id under which the run will report, or none when it does not run the job now. */
const CronRun = z.looseObject({ runId: z.string().optional() });

/** Asks OpenClaw to run a job now; the run's id, or null while a run of its schedule is still going on: ask again. */
export async function runJobNow(gateway: GatewayClient, jobId: string): Promise<string | null> {
  return CronRun.parse(await gateway.request('cron.run', { id: jobId, mode: 'force' })).runId ?? null;
}

/** What an event of type `cron_result` says about the run; id and time of the run are the event's own. */
const CronResultData = CronRunResult.omit({ id: true }).partial().required({ run_at: true, run_id: true, declaration_key: true, status: true });
export type CronResultData = z.infer<typeof CronResultData>;

/** The results of generated jobs that reached the control plane, in the order it lists them. */
export async function listCronResults(controlPlane: ControlPlaneClient, botId: string): Promise<CronResultData[]> {
  const results: CronResultData[] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<ControlPlaneClient['events']>> = await controlPlane.events(botId, {
      type: 'cron_result',
      limit: '500',
      ...(cursor !== null && { cursor }),
    });
    results.push(...page.events.map((event) => CronResultData.parse({ run_at: event.timestamp, ...event.data })));
    cursor = page.next_cursor;
  } while (cursor !== null);
  return results;
}

export async function findCronResult(controlPlane: ControlPlaneClient, botId: string, runId: string): Promise<CronResultData | null> {
  return (await listCronResults(controlPlane, botId)).find((result) => result.run_id === runId) ?? null;
}
