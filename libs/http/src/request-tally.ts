import { Counter, Histogram, type Registry } from 'prom-client';

/** Seconds; a warm poll is far below the first, a long poll above the last. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface Tally {
  labels: { method: string; route: string };
  byStatus: Map<number, number>;
  /** One more than BUCKETS: what took longer than the last. */
  byDuration: number[];
  seconds: number;
}

/** Of one method and route. */
export type CountRequest = (status: number, seconds: number) => void;

/**
 * Counts in plain numbers and shows them to the registry when somebody asks: counting through prom-client hashes labels
 * each time, which a warm poll would feel.
 */
export function createRequestTally(registry: Registry): (method: string, route: string) => CountRequest {
  const tallies = new Map<string, Tally>();
  register(registry, tallies);
  return (method, route) => {
    const key = `${method} ${route}`;
    const tally = tallies.get(key) ?? { labels: { method, route }, byStatus: new Map<number, number>(), byDuration: BUCKETS.map(() => 0).concat(0), seconds: 0 };
    tallies.set(key, tally);
    return (status, seconds) => {
      tally.byStatus.set(status, (tally.byStatus.get(status) ?? 0) + 1);
      tally.seconds += seconds;
      let bucket = 0;
      while (bucket < BUCKETS.length && seconds > (BUCKETS[bucket] ?? 0)) bucket += 1;
      tally.byDuration[bucket] = (tally.byDuration[bucket] ?? 0) + 1;
    };
  };
}

function register(registry: Registry, tallies: ReadonlyMap<string, Tally>): void {
  new Counter({
    name: 'http_requests_total',
    help: 'Answered requests.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, byStatus } of tallies.values()) for (const [status, count] of byStatus) this.inc({ ...labels, status }, count);
    },
  });
  registry.registerMetric(new TallyHistogram(tallies));
}

const NAME = 'http_request_duration_seconds';
const HELP = 'Time from the request’s headers to the end of its answer.';

/** A histogram that was counted elsewhere. */
class TallyHistogram extends Histogram<'method' | 'route' | 'le'> {
  constructor(private readonly tallies: ReadonlyMap<string, Tally>) {
    super({ name: NAME, help: HELP, labelNames: ['method', 'route'], registers: [] });
  }

  /** What the registry and `get` of prom-client 15 ask for; not in its types. */
  getForPromString(): Promise<object> {
    return Promise.resolve({ name: NAME, help: HELP, type: 'histogram', aggregator: 'sum', values: [...this.tallies.values()].flatMap(valuesOf) });
  }
}

function valuesOf({ labels, byDuration, seconds }: Tally) {
  let count = 0;
  const buckets = byDuration.map((inBucket, index) => {
    count += inBucket;
    return { metricName: `${NAME}_bucket`, labels: { ...labels, le: BUCKETS[index] ?? '+Inf' }, value: count };
  });
  return [...buckets, { metricName: `${NAME}_sum`, labels, value: seconds }, { metricName: `${NAME}_count`, labels, value: count }];
}
