import { systemClock } from '@trawling/runtime';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';
import { createBotHttp, type Call, CallFailed } from './bot-http.js';
import { createCallLog } from './call-log.js';
import { type Connections, openConnections } from './open-connections.js';

const ask = (more: Partial<Call> = {}): Call => ({ name: 'config', method: 'GET', path: '/a', expect: [200], ...more });

describe('calls of a bot', () => {
  const opened: { server: Server; connections: Connections }[] = [];
  afterEach(async () => {
    for (const { server, connections } of opened.splice(0)) {
      await connections.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** A server of one test, and a bot that talks to it. */
  async function open(listener: RequestListener, limits: { atMost: number; idle?: number } = { atMost: 1 }) {
    const sockets: Socket[] = [];
    const server = createServer({ keepAliveTimeout: 60_000 }, listener);
    server.on('connection', (socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const connections = openConnections(new URL(`http://127.0.0.1:${port}`), limits);
    opened.push({ server, connections });
    const log = createCallLog();
    const life = new AbortController();
    const http = createBotHttp({ credential: 'secret', connections: { quick: connections, patient: connections }, log, monotonicMs: systemClock.monotonicMs, signal: life.signal });
    return { http, log, life, sockets, server, connections };
  }

  it('come with the credential and a body, and bring back status, headers and text', async () => {
    const { http } = await open((req, res) => {
      let body = '';
      req.on('data', (chunk) => (body += String(chunk)));
      req.on('end', () => res.writeHead(200, { 'X-One': 'eins' }).end(`${req.method} ${req.url} ${req.headers.authorization} ${req.headers['content-type']} ${body}`));
    });

    const answer = await http(ask({ method: 'POST', path: '/b?c=d', body: { e: 'é' } }));

    expect(answer).toMatchObject({ status: 200, text: 'POST /b?c=d Bearer secret application/json {"e":"é"}' });
    expect(answer.headers['x-one']).toBe('eins');
  });

  it('use one kept-alive connection, and count every byte that came over it', async () => {
    const { http, log, sockets } = await open((req, res) => void res.end(req.url === '/a' ? 'x'.repeat(300_000) : ''));

    for (const path of ['/a', '/b', '/a']) await http(ask({ path }));

    expect(sockets).toHaveLength(1);
    expect(log.summary()).toMatchObject({ calls: { config: { count: 3, bytes: sockets[0]?.bytesWritten } }, errors: {} });
  });

  it('wait for a connection when all are taken', async () => {
    const waiting: (() => void)[] = [];
    const { http, sockets } = await open((_req, res) => void waiting.push(() => res.end()), { atMost: 2 });
    const calls = [ask(), ask(), ask()].map(http);

    for (let answered = 0; answered < 3; answered += 1) {
      await until(() => waiting.length > 0);
      waiting.shift()?.();
    }
    await Promise.all(calls);

    expect(sockets).toHaveLength(2);
  });

  it('leave no connection open when none is to be kept', async () => {
    const { http, sockets } = await open((_req, res) => void res.end(), { atMost: Infinity, idle: 0 });

    await Promise.all([http(ask()), http(ask())]);

    await until(() => sockets.length === 2 && sockets.every(({ destroyed }) => destroyed));
  });

  it('are sent again, once, when the server closed the kept-alive connection just then', async () => {
    let requests = 0;
    const { http, log, sockets } = await open((req, res) => {
      requests += 1;
      if (requests === 2 || req.url === '/always') req.socket.destroy();
      else res.end();
    });
    await http(ask());

    await http(ask());
    expect([requests, sockets.length, log.summary().errors]).toEqual([3, 2, {}]);

    await expect(http(ask({ path: '/always' }))).rejects.toBeInstanceOf(CallFailed);
    expect([requests, log.summary().errors]).toEqual([5, { 'config ECONNRESET': 1 }]);
  });

  it('are not sent again when they were the first on a connection, or when a part of the answer came', async () => {
    let requests = 0;
    const { http, log } = await open((req, res) => {
      requests += 1;
      if (req.url === '/first') return void req.socket.destroy();
      res.writeHead(200, { 'Content-Length': 10 });
      if (req.url === '/part') res.write('x', () => setTimeout(() => req.socket.destroy(), 50));
      else res.end('0123456789');
    });

    await expect(http(ask({ path: '/first' }))).rejects.toBeInstanceOf(CallFailed);
    await http(ask());
    await expect(http(ask({ path: '/part' }))).rejects.toBeInstanceOf(CallFailed);

    expect([requests, log.summary().errors]).toEqual([3, { 'config ECONNRESET': 2 }]);
    await http(ask());
  });

  it('go on after an idle connection was closed', async () => {
    const { http, log, sockets } = await open((_req, res) => void res.end());
    await http(ask());
    sockets[0]?.destroy();

    await http(ask());

    expect([sockets.length, log.summary().errors]).toEqual([2, {}]);
  });

  it('end by their time-out', async () => {
    const { http, log } = await open(() => undefined);

    await expect(http(ask({ timeoutMs: 100 }))).rejects.toMatchObject({ status: null });

    expect(log.summary().errors).toEqual({ 'config ETIMEDOUT': 1 });
  });

  it('say which status was a surprise, and how long the server asks to wait', async () => {
    const { http, log } = await open((_req, res) => void res.writeHead(503, { 'Retry-After': '7' }).end());

    await expect(http(ask())).rejects.toMatchObject({ status: 503, retryAfterMs: 7_000 });

    expect(log.summary().errors).toEqual({ 'config 503 (no problem document)': 1 });
  });

  it('fail when nobody listens', async () => {
    const { http, log, server } = await open(() => undefined);
    await new Promise((resolve) => server.close(resolve));

    await Promise.all([ask(), ask()].map((call) => expect(http(call)).rejects.toBeInstanceOf(CallFailed)));

    expect(log.summary().errors).toEqual({ 'config ECONNREFUSED': 2 });
  });

  it('end with the bot, uncounted, those that wait for a connection as well', async () => {
    const { http, log, life, sockets } = await open((_req, res) => void res.on('close', () => undefined));
    const calls = [http(ask()), http(ask())];
    await until(() => (sockets[0]?.bytesRead ?? 0) > 0);

    life.abort();

    await Promise.all(calls.map((call) => expect(call).rejects.toBeInstanceOf(CallFailed)));
    await until(() => sockets.every(({ destroyed }) => destroyed));
    expect([sockets.length, log.summary().errors]).toEqual([1, {}]);
  });

  it('end with the bot before they are connected', async () => {
    const { http, life, sockets } = await open((_req, res) => void res.end());
    const call = http(ask());

    life.abort();

    await expect(call).rejects.toBeInstanceOf(CallFailed);
    await until(() => sockets.every(({ destroyed }) => destroyed));
  });

  it('fail when the connections are closed', async () => {
    const { http, log, connections, sockets } = await open(() => undefined);
    const calls = [http(ask()), http(ask())];
    await until(() => (sockets[0]?.bytesRead ?? 0) > 0);

    await Promise.all([connections.close(), ...calls.map((call) => expect(call).rejects.toBeInstanceOf(CallFailed))]);

    await expect(http(ask())).rejects.toBeInstanceOf(CallFailed);
    expect(Object.values(log.summary().errors).reduce((sum, count) => sum + count, 0)).toBe(3);
  });
});

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await systemClock.sleep(5);
}
