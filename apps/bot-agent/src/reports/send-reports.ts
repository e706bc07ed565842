import { type BatchResult } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { type SyncClient } from '../sync/sync-client.js';
import { SyncError } from '../sync/sync-error.js';
import { KINDS, type ReportKind, settled, type Spooled } from './report-kinds.js';
import { type Reporter } from './reporter.js';
import { type ServerClock, type Stamp } from './server-clock.js';
import { type Spool } from './spool.js';

export interface SendReportsDeps {
  reporter: Pick<Reporter, 'queue' | 'event'>;
  client: Pick<SyncClient, 'ack' | 'cronResults' | 'events' | 'metrics'>;
  serverClock: Pick<ServerClock, 'settle'>;
  logger: Logger;
}

/** Half of what the sync-adapter takes (docs/protocol.md); when it takes less than this, that is found by halving. */
const BATCH = { items: 500, bytes: 512 * 1024 };
/** What is about the items themselves, not about who sends them: such a batch will never be taken as it is. */
const ABOUT_ITEMS = new Set([400, 409, 413, 422]);

/** A report of what was dropped may be rejected as well. */
const TELL_DROPPED_MS = 60_000;

/** See sendReports; one for as long as the agent runs. */
export function createReportSender(deps: SendReportsDeps & { clock: Pick<Clock, 'monotonicMs'> }): () => Promise<void> {
  let toldMs = -Infinity;
  return async () => {
    await sendReports(deps);
    if (deps.clock.monotonicMs() - toldMs < TELL_DROPPED_MS) return;
    toldMs = deps.clock.monotonicMs();
    await tellDropped(deps);
  };
}

/**
 * Sends everything that waits, verdicts first. What the sync-adapter refuses for good is dropped and counted, item by
 * item: one bad report neither keeps the others from being sent nor takes them along. A kind that is asked to wait does
 * not hold up the others. Throws SyncError when something has to be tried again later: it still waits.
 */
async function sendReports(deps: SendReportsDeps): Promise<void> {
  const { client } = deps;
  const { acks, cronResults, events, metrics } = deps.reporter.queue.spools;
  const settle = (stamp: Stamp) => deps.serverClock.settle(stamp);
  const busy: SyncError[] = [];
  const send = async <T>(kind: ReportKind, spool: Spool<Spooled<T>>, items: number, post: (batch: Spooled<T>[]) => Promise<BatchResult | void>) => {
    try {
      await drain(deps, { kind, spool, items, post });
    } catch (error) {
      if (!(error instanceof SyncError) || error.failure.kind !== 'busy') throw error;
      busy.push(error);
    }
  };

  await send('acks', acks, 1, async ([ack]) => (ack ? client.ack(settled(KINDS.acks, ack, settle)) : undefined));
  await send('cronResults', cronResults, BATCH.items, (batch) => client.cronResults(batch.map((one) => settled(KINDS.cronResults, one, settle))));
  await send('events', events, BATCH.items, (batch) => client.events(batch.map((one) => settled(KINDS.events, one, settle))));
  await send('metrics', metrics, BATCH.items, (batch) => client.metrics(batch.map((one) => settled(KINDS.metrics, one, settle))));
  const [longest] = busy.sort((a, b) => retryAfterOf(b) - retryAfterOf(a));
  if (longest) throw longest;
}

async function drain<T>(
  deps: SendReportsDeps,
  input: { kind: ReportKind; spool: Spool<Spooled<T>>; items: number; post: (batch: Spooled<T>[]) => Promise<BatchResult | void> },
): Promise<void> {
  const { kind, spool, post } = input;
  let size = input.items;
  for (let batch = peek(spool, size); batch.length > 0; batch = peek(spool, size)) {
    const result = await post(batch).catch((error: unknown) => refusalOf(error));
    if (result instanceof SyncError && batch.length > 1) {
      size = Math.ceil(batch.length / 2);
      continue;
    }
    const rejected = result instanceof SyncError ? [{ index: 0, reason: result.message }] : (result?.rejected ?? []);
    if (rejected.length > 0) {
      deps.logger.warn({ kind, rejected: rejected.slice(0, 10) }, 'reports were rejected and are dropped');
      for (const { reason } of rejected) deps.reporter.queue.countDropped(kind, 1, reason);
    }
    await spool.remove(batch);
    size = Math.min(input.items, size * 2);
  }
}

const peek = <T>(spool: Spool<T>, items: number): T[] => spool.peek({ items, bytes: BATCH.bytes });

/** The refusal when it is about the items; everything else is thrown on. */
function refusalOf(error: unknown): SyncError {
  if (error instanceof SyncError && error.failure.kind === 'refused') {
    if (ABOUT_ITEMS.has(error.failure.status) || error.failure.code === 'version-not-found') return error;
  }
  throw error;
}

const retryAfterOf = ({ failure }: SyncError): number => (failure.kind === 'busy' ? failure.retryAfterMs : 0);

/** Once the way is free, in one event, however often reports had to be dropped meanwhile. */
async function tellDropped({ reporter }: SendReportsDeps): Promise<void> {
  const { metrics, events, reasons, told } = reporter.queue.untold();
  if (metrics === 0 && events === 0) return;
  await reporter.event('reports_dropped', 'warning', `${metrics} metrics and ${events} other reports were dropped`, { metrics, events, reasons });
  // Killed in between, it is told twice: better than never.
  await told();
}
