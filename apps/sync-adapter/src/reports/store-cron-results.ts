import { CronRunResult, type BatchResult } from '@trawling/contracts';
import type { EventRow } from '@trawling/database';
import { parseItems } from './parse-items.js';
import { absurdTime } from './storable.js';
import { saveParsedEvents, type StoreEventsDeps } from './store-events.js';

/**
 * Finished runs of OpenClaw's cron jobs become events of type `cron_result`. The agent derives the id from job and run,
 * so a run that came by webhook and again by catch-up is one event.
 */
export async function storeCronResults(deps: StoreEventsDeps, input: { botId: string; items: readonly unknown[] }): Promise<BatchResult> {
  const now = deps.now();
  const parsed = parseItems(CronRunResult, input.items, (run) => {
    const absurd = absurdTime(run.run_at, now);
    return absurd === null ? null : `run_at: ${absurd}`;
  });
  return saveParsedEvents(deps, input.botId, { ...parsed, items: parsed.items.map(cronResultEvent) });
}

/** How a run is stored: everything that names it in `data`, one line for people in `message`. */
export function cronResultEvent({ id, run_at, ...data }: CronRunResult): EventRow {
  return {
    id,
    type: 'cron_result',
    severity: data.status === 'error' ? 'error' : 'info',
    message: `${data.name} (${data.declaration_key}): ${data.status}`,
    data: JSON.stringify(data),
    timestamp: new Date(run_at),
    source: 'bot',
  };
}
