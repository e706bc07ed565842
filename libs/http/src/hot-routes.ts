import { type IncomingMessage, type ServerResponse } from 'node:http';
import { problems } from '@trawling/contracts';
import { type Logger } from '@trawling/runtime';
import { type AnyReply } from './define-route.js';
import { type HttpMetrics } from './http-metrics.js';
import { problemReply, toDomainError } from './problem.js';
import { makeRequestIds } from './request-id.js';
import { type CountRequest } from './request-tally.js';

/** One request on a hot path. */
export type HotCall = {
  req: IncomingMessage;
  res: ServerResponse;
  /** What stands in the place of the path's parameter, as it was sent: never empty, no `/`, no `?`. */
  param: string;
  requestId: string;
};

/**
 * A short way in front of Express for what is asked thousands of times a second. Express serves the same address with
 * the same answers; the short way takes a request only when everything it needs is at hand in memory. It gets its
 * request id, counters, problem+json, log line and drain from here, and must ask by itself who is calling.
 */
export type HotRoute = {
  method: 'GET' | 'POST';
  /** Of the Express route, with exactly one parameter: `/bots/:bot_id/config`. Requests with a query go to Express. */
  path: string;
  /**
   * Null: not this time, Express answers; decide so at once and before touching the body (`readJson`). A reply is sent
   * as any route's. What is thrown, or rejected with, becomes a problem: nothing goes on to Express from there.
   */
  handle: (call: HotCall) => AnyReply | null | Promise<AnyReply>;
};

interface Mounted {
  route: HotRoute;
  match: (url: string) => string | null;
  count: CountRequest;
}

/** Answers true when a hot route has taken the request. */
export type HotHandler = (req: IncomingMessage, res: ServerResponse) => boolean;

export function createHotHandler(options: { routes: readonly HotRoute[]; logger: Logger; metrics?: HttpMetrics | undefined }): HotHandler {
  const { logger } = options;
  const routes = options.routes.map((route): Mounted => {
    const count = options.metrics?.route(route.method, route.path);
    return { route, match: matcherOf(route.path), count: count ?? (() => undefined) };
  });
  const requestId = makeRequestIds();
  const atEndOfTurn = createTurnEnd();

  /** An answer at once takes no time worth two looks at the clock: `started` is null. */
  const finish = (call: HotCall, mounted: Mounted, started: number | null, reply: AnyReply): void => {
    send(call, reply);
    const ms = started === null ? 0 : performance.now() - started;
    mounted.count(reply.status, ms / 1000);
    if (reply.status < 400 && logger.isLevelEnabled('debug')) {
      logger.debug({ request_id: call.requestId, method: call.req.method, path: call.req.url, status: reply.status, ms: Math.round(ms) }, 'request');
    }
  };

  const fail = (call: HotCall, mounted: Mounted, started: number | null, error: unknown): void => {
    const domainError = toDomainError(error);
    const line = { request_id: call.requestId, code: domainError.code, method: call.req.method, path: call.req.url };
    const detail = domainError.code === 'internal-error' ? { err: error } : { detail: domainError.message };
    logger[problems[domainError.code].log]({ ...line, ...detail }, 'request refused');
    if (call.res.headersSent) call.res.destroy();
    else finish(call, mounted, started, problemReply(domainError, call.requestId));
  };

  const finishOrFail = (call: HotCall, mounted: Mounted, started: number | null, reply: AnyReply): void => {
    try {
      finish(call, mounted, started, reply);
    } catch (error) {
      fail(call, mounted, started, error);
    }
  };

  const take = (req: IncomingMessage, res: ServerResponse, mounted: Mounted, param: string): boolean => {
    const call: HotCall = { req, res, param, requestId: requestId(req) };
    try {
      const reply = mounted.route.handle(call);
      if (reply === null) return false;
      if (reply instanceof Promise) {
        const started = performance.now();
        reply.then(
          (answer) => finishOrFail(call, mounted, started, answer),
          (error: unknown) => fail(call, mounted, started, error),
        );
      } else {
        atEndOfTurn(() => finishOrFail(call, mounted, null, reply));
      }
    } catch (error) {
      fail(call, mounted, null, error);
    }
    return true;
  };

  return (req, res) => {
    const url = req.url ?? '';
    for (const mounted of routes) {
      if (mounted.route.method !== req.method) continue;
      const param = mounted.match(url);
      if (param !== null) return take(req, res, mounted, param);
    }
    return false;
  };
}

/**
 * Work that is done together when everything that arrived in this turn of the event loop has been read. Answers written
 * one by one between two requests wake their reader one by one, which costs the kernel more than the answers themselves:
 * written in a row, they take a third of the time off a warm poll (`npm run bench -- --only poll304`).
 */
function createTurnEnd(): (work: () => void) => void {
  let waiting: (() => void)[] = [];
  const doAll = (): void => {
    const works = waiting;
    waiting = [];
    for (const work of works) work();
  };
  return (work) => {
    if (waiting.push(work) === 1) setImmediate(doAll);
  };
}

/** A regular expression over the whole path costs more than the rest of a warm answer's bookkeeping. */
function matcherOf(path: string): (url: string) => string | null {
  const [, before, after] = /^([^:]*\/):[a-z_]+(\/[^:]*)?$/.exec(path) ?? [];
  if (before === undefined) throw new Error(`a hot path has one parameter, not ${path}`);
  const end = after ?? '';
  return (url) => {
    if (url.length <= before.length + end.length || !url.startsWith(before) || !url.endsWith(end)) return null;
    const param = url.slice(before.length, url.length - end.length);
    return param.includes('/') || param.includes('?') ? null : param;
  };
}

/** The same bytes that Express would send, without its cost. */
function send({ res, requestId }: HotCall, reply: AnyReply): void {
  if (res.destroyed) return;
  const headers: string[] = ['X-Request-Id', requestId];
  for (const name in reply.headers) headers.push(name, reply.headers[name] ?? '');
  const content = reply.raw ?? (reply.body === undefined ? undefined : JSON.stringify(reply.body));
  if (content === undefined) {
    res.writeHead(reply.status, headers).end();
    return;
  }
  if (!reply.headers || !('Content-Type' in reply.headers)) headers.push('Content-Type', 'application/json; charset=utf-8');
  headers.push('Content-Length', String(Buffer.byteLength(content)));
  res.writeHead(reply.status, headers).end(content);
}
