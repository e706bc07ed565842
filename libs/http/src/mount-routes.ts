import { DomainError } from '@trawling/contracts';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { contextOf, noteRoute } from './request-context.js';
import { type AnyReply, type Route } from './define-route.js';

/** Bytes of a JSON body unless app or route say otherwise. */
export const DEFAULT_BODY_LIMIT = 256 * 1024;

/** Mounts every route, then answers 405 with Allow for their addresses' other methods. */
export function mountRoutes(app: Express, routes: readonly Route[], options: { bodyLimit?: number } = {}): void {
  for (const route of routes) app[route.method](route.path, handlerOf(route, options.bodyLimit ?? DEFAULT_BODY_LIMIT));
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
    const allow = [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].join(', ');
    app.all(path, (req, res) => {
      res.setHeader('Allow', allow);
      throw new DomainError('method-not-allowed', `${req.method} is not known here; use ${allow}.`);
    });
  }
}

/** Who asks is settled before a byte of the body is read. */
function handlerOf(route: Route, bodyLimit: number): RequestHandler {
  const readJson = express.json({
    limit: route.bodyLimit ?? bodyLimit,
    type: route.bodyTypes,
    strict: false,
    inflate: false,
  });
  return async (req, res) => {
    noteRoute(req, route);
    const answer = await route.authenticate(req);
    if (route.schemas.body) await readBody(route, readJson, req, res);
    await send(res, await answer(req, res, contextOf(req)));
  };
}

async function readBody(route: Route, readJson: RequestHandler, req: Request, res: Response): Promise<void> {
  const isEmpty = req.headers['transfer-encoding'] === undefined && Number(req.headers['content-length'] ?? 0) === 0;
  if (isEmpty) return;
  const charset = /;\s*charset="?([^";\s]+)/i.exec(req.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!req.is(route.bodyTypes) || charset.toLowerCase() !== 'utf-8') {
    throw new DomainError('unsupported-media-type', `Send ${route.bodyTypes.join(' or ')} in UTF-8.`);
  }
  await new Promise<void>((resolve, reject) => {
    readJson(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}

async function send(res: Response, reply: AnyReply): Promise<void> {
  res.status(reply.status);
  for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value);
  if (reply.stream) {
    res.flushHeaders();
    if (res.req.method !== 'HEAD') await reply.stream(res);
    res.end();
  } else if (reply.raw !== undefined) {
    if (!res.hasHeader('Content-Type')) res.setHeader('Content-Type', 'application/json; charset=utf-8');
    res.setHeader('Content-Length', Buffer.byteLength(reply.raw));
    res.end(reply.raw);
  } else if (reply.body === undefined) {
    res.end();
  } else {
    res.json(reply.body);
  }
}
