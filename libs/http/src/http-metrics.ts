import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { defineRoute, type Route } from './define-route.js';

/** Counts requests by method, route and status; both ways into an app (Express and hot routes) tell it. */
export type HttpMetrics = {
  /** `route` is the path with its parameters' names, never what a caller sent. */
  observe: (method: string, route: string, status: number, seconds: number) => void;
};

export type Metrics = HttpMetrics & {
  registry: Registry;
  /** A number that is read when somebody asks for the metrics. */
  gauge: (name: string, help: string, read: () => number) => void;
};

/** Seconds; a warm poll is far below the first, a long poll above the last. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry of its own, so that two apps in one process do not meet. `process` adds Node's own metrics. */
export function createMetrics(options: { process?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });
  const labelNames = ['method', 'route', 'status'] as const;
  const requests = new Counter({ name: 'http_requests_total', help: 'Answered requests.', labelNames, registers: [registry] });
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request’s headers to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: BUCKETS,
    registers: [registry],
  });
  const bound = new Map<string, { requests: Counter.Internal; seconds: Histogram.Internal<'method' | 'route'> }>();

  return {
    registry,
    observe(method, route, status, duration) {
      const key = `${method} ${route} ${status}`;
      let one = bound.get(key);
      if (!one) {
        // Looking labels up costs more than counting: each combination once.
        one = { requests: requests.labels(method, route, String(status)), seconds: seconds.labels(method, route) };
        bound.set(key, one);
      }
      one.requests.inc();
      one.seconds.observe(duration);
    },
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    },
  };
}

/** `GET /metrics` in the text format of Prometheus: for the internal listener only. */
export function metricsRoute({ registry }: Pick<Metrics, 'registry'>): Route {
  return defineRoute({
    method: 'get',
    path: '/metrics',
    operationId: 'getMetrics',
    summary: 'What this process counts, in the text format of Prometheus',
    tags: ['health'],
    auth: 'none',
    responses: { 200: { description: 'Metrics', contentType: 'text/plain' } },
    handler: async () => ({ status: 200, headers: { 'Content-Type': registry.contentType }, raw: await registry.metrics() }),
  });
}
