import {
  type AckError,
  type AckOutcome,
  BotEvent,
  type BotConfigPayload,
  ConfigAck,
  CronRunResult,
  type JsonObject,
  MetricPoint,
} from '@trawling/contracts';
import { type Clock, uuid7 } from '@trawling/runtime';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { openSpool, type Spool } from './spool.js';
import { storableText } from './storable-text.js';

/** What waits on the disk for the sync-adapter. */
export interface ReportSpools {
  acks: Spool<ConfigAck>;
  cronResults: Spool<CronRunResult>;
  events: Spool<BotEvent>;
  metrics: Spool<MetricPoint>;
}

export interface Reporter {
  spools: ReportSpools;
  ack(payload: BotConfigPayload, outcome: AckOutcome, error?: AckError): Promise<void>;
  event(type: string, severity: BotEvent['severity'], message: string, data?: JsonObject): Promise<void>;
  metric(name: string, value: number, labels?: Record<string, string>): Promise<void>;
  cronResult(result: CronRunResult): Promise<void>;
}

/** Room for hours without a sync-adapter. Metrics go first, verdicts and events last. */
const ROOM = { acks: 200, cronResults: 10_000, events: 5_000, metrics: 5_000 } as const;

export async function openReportSpools(host: Host, paths: MachinePaths): Promise<ReportSpools> {
  return {
    acks: await openSpool({ host, path: paths.spool.acks, schema: ConfigAck, keyOf: (ack) => JSON.stringify([ack.version, ack.outcome, ack.error?.code]), maxItems: ROOM.acks }),
    cronResults: await openSpool({ host, path: paths.spool.cronResults, schema: CronRunResult, keyOf: ({ id }) => id, maxItems: ROOM.cronResults }),
    events: await openSpool({ host, path: paths.spool.events, schema: BotEvent, keyOf: ({ id }) => id, maxItems: ROOM.events }),
    metrics: await openSpool({ host, path: paths.spool.metrics, schema: MetricPoint, keyOf: (point) => JSON.stringify([point.name, point.timestamp, point.labels]), maxItems: ROOM.metrics }),
  };
}

/** Everything the agent has to say goes to the disk first; `onReport` wakes whoever sends it. */
export function createReporter(deps: { spools: ReportSpools; clock: Clock; onReport(): void }): Reporter {
  const { spools, clock, onReport } = deps;
  const now = () => clock.now().toISOString();

  return {
    spools,
    ack: async ({ version, hash }, outcome, error) => {
      await spools.acks.push({ version, hash, applied_at: now(), outcome, ...(error ? { error: storableError(error) } : {}) });
      onReport();
    },
    event: async (type, severity, message, data = {}) => {
      await spools.events.push({ id: uuid7(), type, timestamp: now(), severity, message: storableText(message, 4000), data });
      onReport();
    },
    metric: (name, value, labels = {}) => spools.metrics.push({ name, timestamp: now(), value, labels }),
    cronResult: async (result) => {
      await spools.cronResults.push(result);
      onReport();
    },
  };
}

const storableError = ({ code, message, issues }: AckError): AckError => ({
  code,
  message: storableText(message, 4000),
  ...(issues ? { issues: issues.map((issue) => ({ path: storableText(issue.path, 500), message: storableText(issue.message, 2000) })) } : {}),
});
