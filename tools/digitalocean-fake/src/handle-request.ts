import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestKind } from '@trawling/digitalocean';
import type { Clock } from '@trawling/runtime';
import { accountRoutes } from './account-routes.js';
import { dropletRoutes } from './droplet-routes.js';
import type { RequestFault } from './faults.js';
import { createRateWindows } from './rate-windows.js';
import { refused, type Reply } from './reply.js';
import type { FakeRequest, FakeState, Route } from './route.js';

export type ServedRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  /** Without user data. */
  body: Record<string, unknown>;
  kind: RequestKind | null;
  fault: RequestFault | null;
  /** Of the answer; null when there was none. */
  status: number | null;
  atMs: number;
};

type RateWindows = ReturnType<typeof createRateWindows>;

export type Service = {
  state: FakeState;
  clock: Clock;
  windows: RateWindows;
  /** Limits of single routes. */
  routeWindows: Map<Route, RateWindows>;
  skewMs: () => number;
  tokens: Record<string, string[] | null> | null;
  stopping: AbortSignal;
  faultFor: (kind: RequestKind) => RequestFault | null;
  record: (request: ServedRequest) => void;
};

const routes = [...dropletRoutes, ...accountRoutes];
const HTML = '<html><head><title>504 Gateway Time-out</title></head><body><h1>504 Gateway Time-out</h1></body></html>';

/** Who may ask, how often, and then what goes wrong on the way. */
export async function handleRequest(service: Service, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = await readRequest(service, req);
  if (!request) return;
  const route = routes.find(({ method, pattern }) => method === request.method && pattern.test(request.path));
  const served: ServedRequest = {
    method: request.method, path: request.path, query: Object.fromEntries(request.query), body: withoutUserData(request.body),
    kind: route?.kind ?? null, fault: null, status: null, atMs: request.nowMs,
  };
  service.record(served);
  const answer = (reply: Reply, headers: Record<string, string> = {}): void => {
    served.status = reply.status;
    write(service, res, reply, headers);
  };
  // Not of DigitalOcean's form, as there: this address is none of the API's.
  if (!route) return answer({ status: 404, body: { title: 'no such route' } });
  request.parts = (route.pattern.exec(request.path) ?? []).slice(1).map(decodeURIComponent);
  const denied = checkToken(service, req, route.scopes(request)) ?? null;
  if (denied) return answer(denied);
  const full = admit(service, route, request.nowMs);
  if (full) return answer(full.reply, full.headers);
  const fault = service.faultFor(route.kind);
  served.fault = fault;
  await carryOut({ service, res, answer, effect: () => route.handle(service.state, { ...request, nowMs: service.clock.now().getTime() }) }, fault);
}

type Carried = { service: Service; res: ServerResponse; answer: (reply: Reply, headers?: Record<string, string>) => void; effect: () => Reply };

async function carryOut({ service, res, answer, effect }: Carried, fault: RequestFault | null): Promise<void> {
  const hangUp = (): void => void res.destroy();
  const html = (): void => void res.writeHead(504, { 'content-type': 'text/html' }).end(HTML);
  const failed = refused(500, 'server_error', 'Unexpected server-side error');
  const tooMany = refused(429, 'too_many_requests', 'API Rate limit exceeded.');
  switch (fault) {
    case null: return answer(effect());
    case 'drop_before': return hangUp();
    case 'error_before': return answer(failed);
    case 'html_before': return html();
    case 'rate_limited': return answer(tooMany, { 'retry-after': '1' });
    case 'rate_limited_bare': return answer(tooMany);
    case 'try_again': return answer(refused(422, 'unprocessable_entity', 'We could not process your request, please try again.'));
    case 'late_effect': {
      await service.clock.sleep(service.state.timings.late, service.stopping);
      return service.stopping.aborted ? undefined : answer(effect());
    }
  }
  const reply = effect();
  switch (fault) {
    case 'drop_after': return hangUp();
    case 'error_after': return answer(failed);
    case 'html_after': return html();
    case 'unreadable': return void res.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body ?? {}).slice(0, 40));
    case 'stall': return undefined;
  }
}

async function readRequest(service: Service, req: IncomingMessage): Promise<FakeRequest | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of req) chunks.push(Buffer.from(chunk as Buffer));
  } catch {
    return null; // gone before it was said
  }
  const origin = `http://${req.headers.host ?? 'localhost'}`;
  const url = new URL(req.url ?? '/', origin);
  return {
    method: req.method ?? 'GET', path: url.pathname, parts: [], query: url.searchParams, body: parseObject(Buffer.concat(chunks).toString()),
    origin, nowMs: service.clock.now().getTime(),
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

function checkToken({ tokens }: Service, req: IncomingMessage, scopes: string[]): Reply | undefined {
  const token = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '')?.[1];
  if (token === undefined || (tokens && !(token in tokens))) return refused(401, 'unauthorized', 'Unable to authenticate you');
  const has = tokens?.[token] ?? null;
  const missing = has === null ? undefined : scopes.find((scope) => !has.includes(scope));
  return missing === undefined ? undefined : refused(403, 'forbidden', 'You are not authorized to perform this operation');
}

function admit(service: Service, route: Route, nowMs: number): { reply: Reply; headers: Record<string, string> } | null {
  const own = route.perMinute === undefined ? null : windowOf(service, route, route.perMinute);
  const verdict = own?.admit(nowMs) ?? { ok: true };
  const admitted = verdict.ok ? service.windows.admit(nowMs) : verdict;
  if (admitted.ok) return null;
  const { retryAfterSeconds } = admitted;
  return {
    reply: refused(429, 'too_many_requests', 'API Rate limit exceeded.'),
    headers: retryAfterSeconds === null ? {} : { 'retry-after': String(retryAfterSeconds) },
  };
}

function windowOf(service: Service, route: Route, perMinute: number): RateWindows {
  const known = service.routeWindows.get(route) ?? createRateWindows({ minute: perMinute, hour: Number.POSITIVE_INFINITY });
  service.routeWindows.set(route, known);
  return known;
}

function write(service: Service, res: ServerResponse, reply: Reply, headers: Record<string, string>): void {
  const nowMs = service.clock.now().getTime();
  const skewMs = service.skewMs();
  res.writeHead(reply.status, {
    ...service.windows.headers(nowMs, skewMs),
    date: new Date(nowMs + skewMs).toUTCString(),
    'x-request-id': randomUUID(),
    ...(reply.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...headers,
  });
  res.end(reply.body === undefined ? undefined : JSON.stringify(reply.body));
}

const withoutUserData = ({ user_data: userData, ...rest }: Record<string, unknown>): Record<string, unknown> =>
  userData === undefined ? rest : { ...rest, user_data: '[left out]' };
