import { type BatchResult } from '@trawling/contracts';
import { type Logger } from '@trawling/runtime';
import { type SyncClient } from '../sync/sync-client.js';
import { SyncError } from '../sync/sync-error.js';
import { type Reporter } from './reporter.js';
import { type Spool } from './spool.js';

export interface SendReportsDeps {
  reporter: Reporter;
  client: Pick<SyncClient, 'ack' | 'cronResults' | 'events' | 'metrics'>;
  logger: Logger;
}

const BATCH = 100;

/**
 * Sends everything that waits, verdicts first. What the sync-adapter refuses for good is dropped, or one bad report
 * would keep all others from ever being sent. Throws SyncError when it cannot be reached: then everything still waits.
 */
export async function sendReports(deps: SendReportsDeps): Promise<void> {
  const { reporter, client } = deps;
  const { spools } = reporter;
  await reportDropped(deps);
  await drain(deps, spools.acks, 1, async ([ack]) => (ack ? client.ack(ack) : undefined));
  await drain(deps, spools.cronResults, BATCH, (batch) => client.cronResults(batch));
  await drain(deps, spools.events, BATCH, (batch) => client.events(batch));
  await drain(deps, spools.metrics, BATCH, (batch) => client.metrics(batch));
}

async function drain<T>(deps: SendReportsDeps, spool: Spool<T>, size: number, send: (batch: T[]) => Promise<BatchResult | void>): Promise<void> {
  for (let batch = spool.peek(size); batch.length > 0; batch = spool.peek(size)) {
    try {
      const verdict = await send(batch);
      if (verdict && verdict.rejected.length > 0) deps.logger.warn({ rejected: verdict.rejected }, 'reports were rejected');
    } catch (error) {
      if (!(error instanceof SyncError) || error.failure.kind !== 'refused') throw error;
      deps.logger.warn({ err: error, count: batch.length }, 'reports were refused and are dropped');
    }
    await spool.remove(batch);
  }
}

async function reportDropped({ reporter }: SendReportsDeps): Promise<void> {
  for (const [name, spool] of Object.entries(reporter.spools)) {
    const count = spool.takeDropped();
    if (count > 0) await reporter.event('reports_dropped', 'warning', `${count} ${name} were dropped: the spool was full`, { spool: name, count });
  }
}
