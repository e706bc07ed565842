import { type Logger, uuid7 } from '@trawling/runtime';
import { type Request, type RequestHandler } from 'express';
import { type RequestContext, type Route } from './define-route.js';
import { type HttpMetrics } from './http-metrics.js';
import { givenRequestId } from './request-id.js';

const contexts = new WeakMap<object, RequestContext>();

/** Request id and logger of a request; only requests that came through createHttpApp have one. */
export function contextOf(req: Request): RequestContext {
  const context = contexts.get(req);
  if (!context) throw new Error('the request did not come through createHttpApp');
  return context;
}

const levels = new WeakMap<object, 'debug' | 'info'>();
const paths = new WeakMap<object, string>();

/** From here on every line about this request names the bot, and its end is logged at the route's level. */
export function noteRoute(req: Request, route: Pick<Route, 'logLevel' | 'path'>): void {
  paths.set(req, route.path);
  if (route.logLevel) levels.set(req, route.logLevel);
  const botId = req.params['bot_id'];
  if (typeof botId !== 'string') return;
  const context = contextOf(req);
  contexts.set(req, { ...context, log: context.log.child({ bot_id: botId.slice(0, 100) }) });
}

/**
 * Gives each request an id (the caller's X-Request-Id when it is sane) and a logger, and logs its end: reads that went
 * well at debug, changes at info, problems at the level of the error table (by the error handler).
 */
export function requestContext(logger: Logger, metrics?: HttpMetrics): RequestHandler {
  return (req, res, next) => {
    const requestId = givenRequestId(req) ?? uuid7();
    const started = performance.now();
    contexts.set(req, { requestId, log: logger.child({ request_id: requestId }) });
    res.setHeader('X-Request-Id', requestId);

    res.once('close', () => {
      const { log } = contextOf(req);
      const ms = performance.now() - started;
      metrics?.route(req.method, paths.get(req) ?? 'none')(res.statusCode, ms / 1000);
      const line = { method: req.method, path: pathOf(req), status: res.statusCode, ms: Math.round(ms) };
      if (!res.writableFinished) return log.info(line, 'the client went away');
      if (res.statusCode >= 400) return; // the error handler logged it
      const isRead = req.method === 'GET' || req.method === 'HEAD';
      log[levels.get(req) ?? (isRead ? 'debug' : 'info')](line, 'request');
    });
    next();
  };
}

/** Without the query string: search values do not belong in the log. */
export const pathOf = (req: Request): string => req.originalUrl.split('?', 1)[0] ?? '';
