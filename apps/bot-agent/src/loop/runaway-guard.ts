import { MAX_TOOL_CALLS_OF_A_TURN } from '@trawling/domain';
import { type Logger } from '@trawling/runtime';
import { z } from 'zod';
import { type GatewayApi } from '../gateway/gateway-api.js';
import { GatewayError } from '../gateway/gateway-error.js';
import { type Reporter } from '../reports/reporter.js';
import { createToolCallsOfRuns } from './tool-calls-of-runs.js';

/**
 * The two of OpenClaw's `agent` events that matter here: a tool call begins, or everything of the run is over
 * (`end` and `error` alone may be followed by another attempt of the same run).
 */
const RunEvent = z.discriminatedUnion('stream', [
  z.object({
    stream: z.literal('item'),
    runId: z.string(),
    sessionKey: z.string().optional(),
    data: z.object({ kind: z.literal('tool'), phase: z.literal('start'), itemId: z.string(), startedAt: z.number().optional() }),
  }),
  z.object({ stream: z.literal('lifecycle'), runId: z.string(), data: z.object({ executionSettled: z.literal(true) }) }),
]);

/** Session of a run of a cron job: `agent:main:cron:<job id>:run:<session id>`. */
const CRON_SESSION = /^agent:[^:]+:cron:([^:]+)/;

export interface RunawayGuard {
  /** Takes the payload of every `agent` event, hundreds a second during a run. */
  onAgentEvent(payload: unknown): void;
}

/**
 * Stops exactly the run that makes more tool calls than a turn may, and reports it. OpenClaw 2026.9.6 stops only a
 * model that repeats itself; one that asks for something else each time would go on until the turn's time-out.
 */
export function createRunawayGuard(deps: {
  api: Pick<GatewayApi, 'runAbort' | 'cronList'>;
  reporter: Pick<Reporter, 'event'>;
  logger: Logger;
}): RunawayGuard {
  const { api, reporter, logger } = deps;
  const runs = createToolCallsOfRuns(MAX_TOOL_CALLS_OF_A_TURN);

  const stop = async (runId: string): Promise<boolean> => {
    try {
      if (await api.runAbort(runId)) return true;
      runs.notStopped(runId);
    } catch (error) {
      logger.warn({ err: error, run_id: runId }, 'a runaway turn could not be stopped');
      // A refusal would be the same next time; the turn's time-out is what is left.
      if (!(error instanceof GatewayError) || error.failure.kind !== 'rejected') runs.notStopped(runId);
    }
    return false;
  };

  const declarationKeyOf = async (sessionKey: string | undefined): Promise<string | null> => {
    const jobId = CRON_SESSION.exec(sessionKey ?? '')?.[1];
    if (jobId === undefined) return null;
    const jobs = await api.cronList().catch(() => []);
    return jobs.find((job) => job.id === jobId)?.declarationKey ?? null;
  };

  const stopAndReport = async (runId: string, sessionKey: string | undefined, toolCalls: number) => {
    if (!(await stop(runId))) return;
    await reporter.event('runaway_turn_stopped', 'warning', `An agent turn that kept asking for tools was stopped at its tool call ${toolCalls}`, {
      run_id: runId,
      session_key: sessionKey ?? null,
      declaration_key: await declarationKeyOf(sessionKey),
      tool_calls: toolCalls,
    });
  };

  return {
    onAgentEvent: (payload) => {
      const event = RunEvent.safeParse(payload).data;
      if (!event) return;
      if (event.stream === 'lifecycle') return runs.settled(event.runId);
      // OpenClaw may tell of one call twice, and a model may give all its calls one id: only both together name a call.
      const toolCalls = runs.started(event.runId, `${event.data.itemId} ${event.data.startedAt ?? ''}`);
      if (toolCalls === null) return;
      stopAndReport(event.runId, event.sessionKey, toolCalls).catch((error: unknown) =>
        logger.warn({ err: error, run_id: event.runId }, 'a stopped turn could not be reported'),
      );
    },
  };
}
