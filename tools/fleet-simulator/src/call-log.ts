import { createHistogram, type Histogram, type HistogramTally } from './histogram.js';

/** Milliseconds, from before the request was written to after the answer was read; bytes of answers as they came over the wire. */
export type CallSummary = { count: number; p50: number; p95: number; p99: number; max: number; bytes: number };

export type LogSummary = {
  calls: Record<string, CallSummary>;
  /** What should not have happened, by call and code: `heartbeat 503 unavailable`, `config ECONNRESET`. */
  errors: Record<string, number>;
  /** What a bot saw, by name: hints, applied versions, closes of streams. */
  counts: Record<string, number>;
};

/** The same before it is summed up, so that several processes can be one fleet. */
export type LogTally = {
  calls: Record<string, { latencies: HistogramTally; bytes: number }>;
  errors: Record<string, number>;
  counts: Record<string, number>;
};

export type CallLog = {
  answered: (call: string, ms: number, bytes: number) => void;
  failed: (what: string) => void;
  count: (what: string) => void;
  tally: () => LogTally;
  summary: () => LogSummary;
  reset: () => void;
};

/** What a whole fleet saw since the last reset. */
export function createCallLog(): CallLog {
  const calls = new Map<string, { latencies: Histogram; bytes: number }>();
  const errors = new Map<string, number>();
  const counts = new Map<string, number>();
  const add = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);

  const tally = (): LogTally => ({
    calls: Object.fromEntries([...calls].map(([call, { latencies, bytes }]) => [call, { latencies: latencies.tally(), bytes }])),
    errors: Object.fromEntries(errors),
    counts: Object.fromEntries(counts),
  });
  return {
    answered(call, ms, bytes) {
      const entry = calls.get(call) ?? { latencies: createHistogram(), bytes: 0 };
      calls.set(call, entry);
      entry.latencies.record(ms);
      entry.bytes += bytes;
    },
    failed: (what) => add(errors, what),
    count: (what) => add(counts, what),
    tally,
    summary: () => summariseLogs([tally()]),
    reset() {
      calls.clear();
      errors.clear();
      counts.clear();
    },
  };
}

/** What the callers of all these logs saw together. */
export function summariseLogs(tallies: readonly LogTally[]): LogSummary {
  const calls = new Map<string, { latencies: Histogram; bytes: number }>();
  for (const [call, { latencies, bytes }] of tallies.flatMap((tally) => Object.entries(tally.calls))) {
    const entry = calls.get(call) ?? { latencies: createHistogram(), bytes: 0 };
    calls.set(call, entry);
    entry.latencies.add(latencies);
    entry.bytes += bytes;
  }
  return {
    calls: Object.fromEntries([...calls].map(([call, entry]) => [call, summarise(entry)])),
    errors: sum(tallies.map(({ errors }) => errors)),
    counts: sum(tallies.map(({ counts }) => counts)),
  };
}

function sum(parts: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [key, value] of parts.flatMap(Object.entries<number>)) total[key] = (total[key] ?? 0) + value;
  return total;
}

const summarise = ({ latencies, bytes }: { latencies: Histogram; bytes: number }): CallSummary => ({
  count: latencies.count(),
  p50: latencies.quantile(0.5),
  p95: latencies.quantile(0.95),
  p99: latencies.quantile(0.99),
  max: latencies.max(),
  bytes,
});
