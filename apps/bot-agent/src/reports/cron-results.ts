import { type CronRunResult } from '@trawling/contracts';
import { CRON_KEY_PREFIX } from '@trawling/domain';
import { type Clock } from '@trawling/runtime';
import { v5 } from 'uuid';
import { z } from 'zod';
import { type GatewayApi } from '../gateway/gateway-api.js';
import { type CronRun, CronWebhook } from '../gateway/openclaw-types.js';
import { type Host } from '../host.js';
import { openJsonFile } from '../state/json-file.js';
import { openSpool, type Spool } from './spool.js';
import { type ServerClock, type Stamp } from './server-clock.js';
import { storableText } from './storable-text.js';

/** A webhook as it waits for OpenClaw's own record of the run. */
const Received = z.object({ received_ms: z.number(), run: CronWebhook });
type Received = z.infer<typeof Received>;

/** What was handed on, so that a gap can be filled without telling anything twice. */
const Ledger = z.object({
  /** Runs that ended before this (OpenClaw's clock, ms) are dealt with, but for a margin. */
  seen_until_ms: z.number(),
  handed_on: z.array(z.object({ id: z.string(), ended_ms: z.number() })),
  /** Own jobs by OpenClaw's id, removed ones included: cron.runs knows ids only. */
  jobs: z.record(z.string(), z.object({ key: z.string(), name: z.string() })),
});
type Ledger = z.infer<typeof Ledger>;

export interface CronResults {
  /** From the webhook; on the disk when this resolves. */
  received(run: CronWebhook): Promise<void>;
  /**
   * Completes what was received and fills gaps from OpenClaw's history. False: a received run is not in the history
   * yet. Throws GatewayError.
   */
  collect(): Promise<boolean>;
}

/** Namespace of the ids made from job and start of a run: webhook and catch-up give the same one. */
const NAMESPACE = '5f0a9b0e-6a0b-5c86-9c59-7d0f2a3f6c11';
/** Runs that end at the same time are stored in any order. */
const MARGIN_MS = 60_000;
/** A record that has not come by then will not come. */
const PATIENCE_MS = 30_000;

export const cronResultId = (jobId: string, runAtMs: number): string => v5(`${jobId}:${runAtMs}`, NAMESPACE);

export async function openCronResults(deps: {
  host: Host;
  ledgerPath: string;
  /** Folder of its own. */
  spoolDir: string;
  api: Pick<GatewayApi, 'cronRuns' | 'cronList' | 'taskRunIds'>;
  clock: Clock;
  serverClock: Pick<ServerClock, 'stampOf'>;
  configVersion(): string | null;
  /** On the disk when it resolves. */
  handOn(result: Omit<CronRunResult, 'run_at'>, at: Stamp): Promise<void>;
}): Promise<CronResults> {
  const { host, api, clock } = deps;
  const file = await openJsonFile(host, deps.ledgerPath, Ledger);
  const ledger: Ledger = file.current() ?? { seen_until_ms: 0, handed_on: [], jobs: {} };
  const waiting: Spool<Received> = await openSpool({
    host,
    dir: deps.spoolDir,
    schema: Received,
    keyOf: ({ run }) => cronResultId(run.jobId, run.runAtMs),
    maxItems: 5_000,
  });

  const isHandedOn = (id: string) => ledger.handed_on.some((entry) => entry.id === id);
  const handOn = async (result: Omit<CronRunResult, 'run_at'>, runAtMs: number, endedMs: number) => {
    if (isHandedOn(result.id)) return;
    await deps.handOn(result, deps.serverClock.stampOf(runAtMs));
    ledger.handed_on.push({ id: result.id, ended_ms: endedMs });
  };

  /** As it was when this look at the history first needed it. */
  let registry: Awaited<ReturnType<GatewayApi['taskRunIds']>> | null = null;
  /** OpenClaw's own id: cron.runs has it for runs somebody started, the task registry for all, while it remembers. */
  const runIdOf = async (run: { jobId: string; runAtMs: number }, entry: CronRun | null, receipt: string | undefined) => {
    if (entry?.runId) return entry.runId;
    if (receipt) return `cron:${run.jobId}:${run.runAtMs}:${receipt}`;
    registry ??= await api.taskRunIds();
    return registry(run) ?? `cron:${run.jobId}:${run.runAtMs}`;
  };

  const learnJobs = async () => {
    for (const job of await api.cronList()) {
      if (job.declarationKey?.startsWith(CRON_KEY_PREFIX)) ledger.jobs[job.id] = { key: job.declarationKey, name: job.name };
    }
  };

  const completeReceived = async (history: CronRun[]) => {
    for (const item of waiting.peek({ items: waiting.size() })) {
      const { run } = item;
      const entry = history.find((one) => one.jobId === run.jobId && one.runAtMs === run.runAtMs) ?? null;
      if (entry === null && clock.now().getTime() - item.received_ms < PATIENCE_MS) continue;
      const run_id = await runIdOf(run, entry, run.job.state.runningReceiptId);
      const job = { key: run.job.declarationKey ?? '', name: run.job.name };
      await handOn(toResult({ run: { ...run, ...definedOf(entry) }, job, run_id, source: 'webhook', config_version: deps.configVersion() }), run.runAtMs, entry?.ts ?? item.received_ms);
      await waiting.remove([item]);
    }
  };

  const fillGaps = async (history: CronRun[]) => {
    const pending = new Set(waiting.peek({ items: waiting.size() }).map(({ run }) => cronResultId(run.jobId, run.runAtMs)));
    for (const entry of [...history].reverse()) {
      const job = ledger.jobs[entry.jobId];
      if (!job || entry.runAtMs === undefined || entry.ts < ledger.seen_until_ms - MARGIN_MS) continue;
      const run = { ...entry, runAtMs: entry.runAtMs };
      const id = cronResultId(run.jobId, run.runAtMs);
      if (pending.has(id) || isHandedOn(id)) continue;
      const run_id = await runIdOf(run, entry, undefined);
      await handOn(toResult({ run, job, run_id, source: 'catch_up', config_version: deps.configVersion() }), run.runAtMs, entry.ts);
    }
  };

  return {
    received: async (run) => {
      if (run.action !== 'finished' || !run.job.declarationKey?.startsWith(CRON_KEY_PREFIX)) return;
      await waiting.push({ received_ms: clock.now().getTime(), run });
    },

    collect: async () => {
      ledger.seen_until_ms = Math.min(ledger.seen_until_ms, clock.now().getTime());
      const oldest = Math.min(ledger.seen_until_ms, ...waiting.peek({ items: waiting.size() }).map(({ run }) => run.runAtMs)) - MARGIN_MS;
      registry = null;
      await learnJobs();
      const history = await api.cronRuns({ scope: 'all' }, (entry) => entry.ts < oldest);
      await completeReceived(history);
      await fillGaps(history);
      ledger.seen_until_ms = seenUntil(ledger.seen_until_ms, history, clock.now().getTime());
      ledger.handed_on = ledger.handed_on.filter((entry) => entry.ended_ms >= ledger.seen_until_ms - 2 * MARGIN_MS);
      await file.write(ledger);
      return waiting.size() === 0;
    },
  };
}

/**
 * The newest end that was looked at. What ended later than now did so before somebody set the clock back: going by it,
 * nothing would be new until the clock is there again. Until then such runs are known by their ids.
 */
function seenUntil(before: number, history: readonly CronRun[], nowMs: number): number {
  return [before, ...history.map(({ ts }) => ts)].filter((ts) => ts <= nowMs + MARGIN_MS).reduce((newest, ts) => Math.max(newest, ts), 0);
}

/** The record in the history is the final one: it has the time the delivery took as well. */
const definedOf = (entry: CronRun | null) =>
  entry === null
    ? {}
    : {
        ...(entry.status === undefined ? {} : { status: entry.status }),
        ...(entry.durationMs === undefined ? {} : { durationMs: entry.durationMs }),
        ...(entry.error === undefined ? {} : { error: entry.error }),
      };

const Status = z.enum(['ok', 'error', 'skipped']).catch('error');

function toResult(input: {
  run: { jobId: string; runAtMs: number; status?: string | undefined; durationMs?: number | undefined; summary?: string | undefined; error?: string | undefined };
  job: { key: string; name: string };
  run_id: string;
  source: CronRunResult['source'];
  config_version: string | null;
}): Omit<CronRunResult, 'run_at'> {
  const { run, job } = input;
  return {
    id: cronResultId(run.jobId, run.runAtMs),
    run_id: input.run_id.slice(0, 300),
    job_id: run.jobId,
    declaration_key: job.key,
    name: storableText(job.name, 200),
    status: Status.parse(run.status),
    duration_ms: run.durationMs ?? null,
    summary: run.summary === undefined ? null : storableText(run.summary, 8000),
    error: run.error === undefined ? null : storableText(run.error, 4000),
    source: input.source,
    config_version: input.config_version,
  };
}
