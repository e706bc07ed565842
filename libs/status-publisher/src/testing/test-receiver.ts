import { createServer as createHttpServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { InstanceStatus, STATUS_PATH } from '@trawling/contracts';
import { type TestCertificate } from './test-authority.js';

/** What a receiver does with a status once it has read it. */
export type Behaviour = (response: ServerResponse, request: IncomingMessage) => void;

/** Everything that is found at the other end of OPENCLAW_BASE_URL. */
export const behaviours = {
  takesIt: (response) => response.writeHead(204).end(),
  takesItInJson: (response) => response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end('{"ok":true}'),
  hangs: () => undefined,
  hangsInItsAnswer: (response) => void response.writeHead(200, { 'Content-Type': 'application/json' }).write('{"ok":'),
  resets: (_, request) => void request.socket.resetAndDestroy(),
  breaksOff: (response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' });
    response.write('{"ok":', () => response.destroy());
  },
  saysMoreThanNoContent: (_, request) => void request.socket.end('HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}'),
  changesTheProtocol: (response) => response.writeHead(101, { Connection: 'Upgrade', Upgrade: 'something' }).end(),
  redirects: (response) => response.writeHead(307, { Location: '/elsewhere' }).end(),
  answersAPage: (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>OpenClaw</title>'),
  fails: (response) => response.writeHead(500, { 'Content-Type': 'application/json' }).end('{}'),
  throttles: (response) => response.writeHead(429, { 'Retry-After': '7', 'Content-Type': 'application/problem+json' }).end('{"code":"too-many-requests"}'),
  refusesTheKey: (response) => response.writeHead(401, { 'Content-Type': 'application/problem+json' }).end('{"code":"unauthorized"}'),
  doesNotKnowThePath: (response) => response.writeHead(404, { 'Content-Type': 'text/plain' }).end('Not Found'),
  answersTooMuch: (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify('x'.repeat(1_000_000))),
} satisfies Record<string, Behaviour>;

export type TestReceiver = {
  /** What OPENCLAW_BASE_URL is set to. */
  url: string;
  port: number;
  /** Statuses as they came, whatever was answered. */
  received: () => InstanceStatus[];
  /** The health of each of them. */
  healths: () => string[];
  requests: () => { method: string; path: string; headers: IncomingHttpHeaders }[];
  /** From now on. */
  behave: (behaviour: Behaviour) => void;
  close: () => Promise<void>;
};

/** A receiver of statuses that does as it is told; https when it is given a certificate. Close it. */
export async function startTestReceiver(options: { tls?: TestCertificate; behaviour?: Behaviour } = {}): Promise<TestReceiver> {
  let behaviour: Behaviour = options.behaviour ?? behaviours.takesIt;
  const received: InstanceStatus[] = [];
  const requests: { method: string; path: string; headers: IncomingHttpHeaders }[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers });
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      if (request.url?.endsWith(STATUS_PATH)) received.push(InstanceStatus.parse(JSON.parse(Buffer.concat(chunks).toString())));
      behaviour(response, request);
    });
  };
  const server: Server = options.tls ? createHttpsServer(options.tls, handle) : createHttpServer(handle);
  const port = await new Promise<number>((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    received: () => [...received],
    healths: () => received.map(({ health }) => health.status),
    requests: () => [...requests],
    behave: (next) => (behaviour = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
