import { MetricPoint, type BatchResult } from '@trawling/contracts';
import type { MetricRow } from '@trawling/database';
import { canonicalJson, sha256Of } from '@trawling/domain';
import { type SavedRows } from '../writes/save-rows.js';
import { parseItems, verdictOf } from './parse-items.js';
import { absurdTime } from './storable.js';

export interface StoreMetricsDeps {
  /** Resolves after the commit. */
  saveMetrics: (botId: string, metrics: readonly MetricRow[]) => Promise<SavedRows>;
  now: () => Date;
}

/** A series with more labels than this is a mistake, not a metric. */
const MAX_LABELS = 20;

/** Appends points; name, time and labels are the key, so the first value sent for a point stays. */
export async function storeMetrics(deps: StoreMetricsDeps, input: { botId: string; items: readonly unknown[] }): Promise<BatchResult> {
  const now = deps.now();
  const parsed = parseItems(MetricPoint, input.items, (point) => {
    const absurd = absurdTime(point.timestamp, now);
    if (absurd) return `timestamp: ${absurd}`;
    return Object.keys(point.labels).length > MAX_LABELS ? `labels: more than ${MAX_LABELS}` : null;
  });
  const rows = parsed.items.map(({ name, timestamp, value, labels }) => ({
    name, value, labels, timestamp: new Date(timestamp), labelsHash: sha256Of(canonicalJson(labels)),
  }));
  return verdictOf(parsed, await deps.saveMetrics(input.botId, rows));
}
