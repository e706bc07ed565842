/** Each bucket is 1 % wider than the one before: percentiles are exact to that, whatever their size. */
const GROWTH = Math.log(1.01);
const SMALLEST_MS = 0.001;
/** Up to about 16 minutes. */
const BUCKETS = 2_100;

/** What a histogram holds, for another process: the buckets that are not empty, as [bucket, count]. */
export type HistogramTally = { buckets: [number, number][]; max: number };

export type Histogram = {
  record: (ms: number) => void;
  /** Takes in what another one recorded. */
  add: (tally: HistogramTally) => void;
  tally: () => HistogramTally;
  /** 0 to 1; milliseconds, 0 when nothing was recorded. */
  quantile: (share: number) => number;
  count: () => number;
  max: () => number;
  reset: () => void;
};

/** Latencies in a fixed 17 KB, so that a long run costs no more memory than a short one. */
export function createHistogram(): Histogram {
  const buckets = new Float64Array(BUCKETS);
  let count = 0;
  let max = 0;
  return {
    record(ms) {
      const index = ms <= SMALLEST_MS ? 0 : Math.ceil(Math.log(ms / SMALLEST_MS) / GROWTH);
      const bucket = Math.min(index, BUCKETS - 1);
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count += 1;
      if (ms > max) max = ms;
    },
    add(tally) {
      for (const [bucket, more] of tally.buckets) {
        buckets[bucket] = (buckets[bucket] ?? 0) + more;
        count += more;
      }
      max = Math.max(max, tally.max);
    },
    tally: () => ({ buckets: [...buckets].flatMap((held, bucket): [number, number][] => (held > 0 ? [[bucket, held]] : [])), max }),
    quantile(share) {
      const wanted = Math.max(1, Math.ceil(count * share));
      let seen = 0;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        seen += buckets[bucket] ?? 0;
        if (seen >= wanted) return Math.min(max, SMALLEST_MS * Math.exp(bucket * GROWTH));
      }
      return 0;
    },
    count: () => count,
    max: () => max,
    reset() {
      buckets.fill(0);
      count = 0;
      max = 0;
    },
  };
}
