import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
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
};

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
