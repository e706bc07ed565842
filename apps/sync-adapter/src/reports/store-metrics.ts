import { MetricPoint, type BatchResult } from '@trawling/contracts';
import type { MetricRow } from '@trawling/database';
import { type SavedRows } from '../writes/save-rows.js';
import { type LabelKeyOf } from './label-keys.js';
import { parseItems, verdictOf } from './parse-items.js';
import { absurdTime } from './storable.js';

export interface StoreMetricsDeps {
  /** Resolves after the commit. */
  saveMetrics: (botId: string, metrics: readonly MetricRow[]) => Promise<SavedRows>;
  labelKeyOf: LabelKeyOf;
  now: () => Date;
}

/** A series with more labels than this is a mistake, not a metric. */
const MAX_LABELS = 20;

/** Appends points; name, time and labels are the key, so the first value sent for a point stays. */
export async function storeMetrics(deps: StoreMetricsDeps, input: { botId: string; items: readonly unknown[] }): Promise<BatchResult> {
  const now = deps.now();
  const absurd = rememberLast((timestamp) => absurdTime(timestamp, now));
  const parsed = parseItems(MetricPoint, input.items, (point) => {
    const problem = absurd(point.timestamp);
    if (problem) return `timestamp: ${problem}`;
    return Object.keys(point.labels).length > MAX_LABELS ? `labels: more than ${MAX_LABELS}` : null;
  });
  const rows = parsed.items.map(({ name, timestamp, value, labels }): MetricRow => {
    const key = deps.labelKeyOf(labels);
    return { name, timestamp, value, labels: key.text, labelsHash: key.hash };
  });
  return verdictOf(parsed, await deps.saveMetrics(input.botId, rows));
}

/** The points of a batch are mostly of one moment. */
function rememberLast(judge: (text: string) => string | null): (text: string) => string | null {
  let last: { text: string; verdict: string | null } | null = null;
  return (text) => {
    if (last?.text !== text) last = { text, verdict: judge(text) };
    return last.verdict;
  };
}
