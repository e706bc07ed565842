import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { systemClock, waitAtMost } from '@trawling/runtime';
import { defineRoute, type Route } from './define-route.js';
import { createRequestTally, type CountRequest } from './request-tally.js';

/** Counts requests by method, route and status; both ways into an app (Express and hot routes) tell it. */
export type HttpMetrics = {
  /** `route` is the path with its parameters' names, never what a caller sent. Ask once per route, count often. */
  route: (method: string, route: string) => CountRequest;
};

export type Metrics = HttpMetrics & {
  registry: Registry;
  /** A number that is read when somebody asks for the metrics. */
  gauge: (name: string, help: string, read: () => number) => void;
  /**
   * A number for each set of labels, read from elsewhere when somebody asks. When that fails, or takes more than two
   * seconds, they are missing: neither zero nor the reason for which all others are missing, too.
   */
  gauges: (name: string, help: string, labelNames: readonly string[], read: () => Promise<readonly GaugeValue[]>) => void;

  /** Something that happens; call what it gives for each time. Labels come from a short list, never from a caller. */
  counter: <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => (labels: Record<Label, string>) => void;
};

export type GaugeValue = { labels: Record<string, string>; value: number };

/** Milliseconds. */
const READ_WITHIN_MS = 2_000;

/** A registry of its own, so that two apps in one process do not meet. `process` adds Node's own metrics. */
export function createMetrics(options: { process?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });
  return {
    registry,
    route: createRequestTally(registry),
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
    gauges(name, help, labelNames, read) {
      new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers: [registry],
        async collect() {
          let values: readonly GaugeValue[] = [];
          const reading = read().then((found) => (values = found), () => undefined);
          await waitAtMost(systemClock, READ_WITHIN_MS, reading);
          this.reset();
          // A gauge without labels goes back to zero instead.
          if (labelNames.length === 0) this.remove();
          for (const { labels, value } of values) this.set(labels, value);
        },
      });
    },
    counter(name, help, labelNames) {
      const counter = new Counter({ name, help, labelNames: [...labelNames], registers: [registry] });
      return (labels) => counter.inc(labels);
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
