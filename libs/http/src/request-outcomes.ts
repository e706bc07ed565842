import { type RequestListener, type ServerResponse } from 'node:http';
import { type HttpMetrics } from './http-metrics.js';

/** Asked by those who watch the process: no work of its own, and to be left out where its work is counted. */
const WATCHED_BY = new Set(['/healthz', '/readyz', '/status', '/capabilities', '/metrics', '/openapi.json']);

/** Counts as before, and tells of each request whether the process did its part: a 5xx is its failure, a 4xx the caller's. */
export const tellOutcomes = (metrics: HttpMetrics, ended: (ok: boolean) => void): HttpMetrics => ({
  route(method, route) {
    const count = metrics.route(method, route);
    if (WATCHED_BY.has(route) || route === 'none') return count;
    return (status, seconds) => {
      count(status, seconds);
      ended(status < 500);
    };
  },
});

export type RunningRequests = {
  /** The app with its requests counted. */
  counted: (app: RequestListener) => RequestListener;
  count: () => number;
};

/** Counts requests that were taken and whose answer has not begun. One that streams its answer is no work that waits. */
export function createRunningRequests(): RunningRequests {
  const open = new Set<ServerResponse>();
  return {
    counted: (app) => (req, res) => {
      if (!WATCHED_BY.has((req.url ?? '').split('?', 1)[0] ?? '')) {
        open.add(res);
        res.once('close', () => open.delete(res));
      }
      app(req, res);
    },
    count: () => [...open].filter((res) => !res.headersSent).length,
  };
}
