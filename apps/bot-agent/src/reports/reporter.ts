import { type AckError, type AckOutcome, type BotConfigPayload, type BotEvent, type CronRunResult, type JsonObject, type MetricPoint } from '@trawling/contracts';
import { uuid7 } from '@trawling/runtime';
import { type Spooled } from './report-kinds.js';
import { type ReportSpools } from './report-spools.js';
import { type ServerClock, type Stamp } from './server-clock.js';
import { storableText } from './storable-text.js';

/** A report of somebody on this machine, which is answered only once it is on the disk. */
export interface LocalBatch {
  events: { report: Omit<BotEvent, 'timestamp'>; at: Stamp }[];
  metrics: { report: Omit<MetricPoint, 'timestamp'>; at: Stamp }[];
}

export interface Reporter {
  queue: ReportSpools;
  ack(payload: BotConfigPayload, outcome: AckOutcome, error?: AckError): Promise<void>;
  event(type: string, severity: BotEvent['severity'], message: string, data?: JsonObject): Promise<void>;
  metric(name: string, value: number, labels?: Record<string, string>): Promise<void>;
  /** Throws when the disk does not take it. */
  cronResult(result: Omit<CronRunResult, 'run_at'>, at: Stamp): Promise<void>;
  /** Throws when the disk does not take it all; then none of it is kept. */
  local(batch: LocalBatch): Promise<void>;
}

/**
 * Everything the agent has to say goes to the disk first, or waits in memory while the disk takes nothing; `onReport`
 * wakes whoever sends it. A full disk never stops the agent: `ack`, `event` and `metric` do not throw. `cronResult` and
 * `local` do when the disk does not take it: whoever said it has it still, and says it again.
 */
export function createReporter(deps: { queue: ReportSpools; serverClock: Pick<ServerClock, 'stamp'>; onReport(): void }): Reporter {
  const { queue, serverClock, onReport } = deps;
  const { acks, events, metrics, cronResults } = queue.spools;

  return {
    queue,
    ack: async ({ version, hash }, outcome, error) => {
      const at = serverClock.stamp();
      await acks.hold(made({ version, hash, applied_at: at.timestamp, outcome, ...(error ? { error: storableError(error) } : {}) }, at));
      onReport();
    },
    event: async (type, severity, message, data = {}) => {
      const at = serverClock.stamp();
      await events.hold(made({ id: uuid7(), type, timestamp: at.timestamp, severity, message: storableText(message, 4000), data }, at));
      await queue.keepWithin();
      onReport();
    },
    metric: async (name, value, labels = {}) => {
      const at = serverClock.stamp();
      await metrics.hold(made({ name, timestamp: at.timestamp, value, labels }, at));
      await queue.keepWithin();
    },
    cronResult: async (result, at) => {
      await cronResults.push(made({ ...result, run_at: at.timestamp }, at));
      await queue.keepWithin();
      onReport();
    },
    local: async (batch) => {
      const told = batch.events.map(({ report, at }) => made({ ...report, timestamp: at.timestamp }, at));
      const points = batch.metrics.map(({ report, at }) => made({ ...report, timestamp: at.timestamp }, at));
      if (told.length > 0) await events.push(...told);
      try {
        if (points.length > 0) await metrics.push(...points);
      } catch (error) {
        // All or nothing: whoever is refused says it all again.
        await events.remove(told);
        throw error;
      }
      await queue.keepWithin();
      onReport();
    },
  };
}

const made = <T>(report: T, at: Stamp): Spooled<T> => ({ report, ...(at.made ? { made: at.made } : {}) });

const storableError = ({ code, message, issues }: AckError): AckError => ({
  code,
  message: storableText(message, 4000),
  ...(issues ? { issues: issues.map((issue) => ({ path: storableText(issue.path, 500), message: storableText(issue.message, 2000) })) } : {}),
});
