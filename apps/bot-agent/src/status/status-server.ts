import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { DomainError } from '@trawling/contracts';
import { type Logger } from '@trawling/runtime';
import { type Answer, answerCapabilities, answerStatus, type Instance } from '@trawling/status-publisher';
import { type Registry } from 'prom-client';
import { z } from 'zod';
import { type Host } from '../host.js';
import { answer, answerProblem } from '../local/http-answer.js';
import { closeServer, listenOnLoopback } from '../local/loopback-listener.js';
import { openJsonFile } from '../state/json-file.js';
import { type Check } from './readiness.js';

/** status.json: where this machine's agent says how it is. No secret: whoever is on the machine may ask. */
export const StatusAddress = z.object({ url: z.url({ protocol: /^http$/, hostname: /^127\.0\.0\.1$/ }) });
export type StatusAddress = z.infer<typeof StatusAddress>;

export interface StatusServer {
  /** Without a path. */
  url: string;
  close(): Promise<void>;
}

export interface StatusServerDeps {
  instance: Pick<Instance, 'status' | 'capabilities'>;
  ready(): Promise<Record<string, Check>>;
  registry: Pick<Registry, 'metrics' | 'contentType'>;
  host: Host;
  /** Where the address is told. */
  path: string;
  /** 0: the one of last time, or any that is free. */
  port: number;
  logger: Logger;
}

type Handle = (request: IncomingMessage) => Answer | Promise<Answer>;

/** Answers on loopback how the agent is and what it can do. It changes nothing, and tells nothing that is secret. */
export async function openStatusServer(deps: StatusServerDeps): Promise<StatusServer> {
  const { instance, registry, logger } = deps;
  const routes: Record<string, Handle> = {
    '/status': (request) => answerStatus(instance, request.headers.accept),
    '/capabilities': () => answerCapabilities(instance),
    '/healthz': () => json({ status: 'ok' }),
    '/readyz': () => readyz(deps),
    '/metrics': async () => ({ status: 200, headers: { 'Content-Type': registry.contentType }, body: await registry.metrics() }),
  };

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    requireOwnName(request.headers.host);
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (!route) throw new DomainError('not-found', `GET ${Object.keys(routes).join(', ')}`);
    if (request.method !== 'GET' && request.method !== 'HEAD') throw new DomainError('method-not-allowed', `GET ${path}`);
    const { status, body, headers } = await route(request);
    answer(response, status, body, headers);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const problem = error instanceof DomainError ? error : new DomainError('internal-error', '');
      if (problem !== error) logger.error({ err: error }, 'a question for the status could not be answered');
      answerProblem(response, problem, problem.code === 'method-not-allowed' ? { Allow: 'GET, HEAD' } : {});
    });
  });
  const file = await openJsonFile(deps.host, deps.path, StatusAddress);
  const before = file.current()?.url;
  const url = `http://127.0.0.1:${await listenOnLoopback(server, deps.port || Number(before ? new URL(before).port : 0), logger)}`;
  if (url !== before) await file.write({ url });
  return { url, close: () => closeServer(server) };
}

/**
 * A web page that somebody opens on this machine may make its own name mean 127.0.0.1 (DNS rebinding): what it asks comes
 * with that name. The port may be any: it is another one at the near end of an ssh tunnel.
 */
function requireOwnName(host: string | undefined): void {
  if (/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i.test(host ?? '')) return;
  const message = 'expected 127.0.0.1 or localhost';
  throw new DomainError('invalid-request', `Host: ${message}`, { issues: [{ path: 'headers.host', message }] });
}

async function readyz({ ready }: StatusServerDeps): Promise<Answer> {
  const checks = await ready();
  const failed = Object.keys(checks).filter((name) => !checks[name]?.ok);
  if (failed.length > 0) throw new DomainError('unavailable', `Not ready: ${failed.join(', ')}`, { checks, retry_after: 5 });
  return json({ status: 'ready', checks });
}

const json = (body: object): Answer => ({ status: 200, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }, body: JSON.stringify(body) });
