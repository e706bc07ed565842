import { request as httpRequest, Agent } from 'node:http';
import { connect } from 'node:net';
import { createMemoryLogger, failOnLeaks, until } from '@trawling/runtime/testing';
import { createHttpApp } from './create-http-app.js';
import { drain, listen } from './listen.js';

const leaks = failOnLeaks();

/** An app whose only route answers when the test lets it. */
async function start() {
  const { logger } = createMemoryLogger();
  let waiting = 0;
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const app = createHttpApp({
    name: 'test',
    logger,
    routes: (express) => {
      express.get('/slow', async (_req, res) => {
        waiting += 1;
        await answered;
        res.json({ done: true });
      });
      express.get('/fast', (_req, res) => void res.json({ done: true }));
    },
  });
  const { server, url, port } = await listen(app, { port: 0, host: '127.0.0.1' });
  leaks.server(server);
  return { server, url, port, app, answer, waiting: () => waiting };
}

/** Sends raw text and gives back all that comes until the connection is closed. */
const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let seen = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk) => (seen += chunk.toString()));
    socket.on('close', () => resolve(seen));
    socket.on('error', reject);
  });

describe('listen', () => {
  it('tells its address, also when the port was chosen for it', async () => {
    const { server, url, port } = await start();

    const response = await fetch(`${url}/fast`);

    expect([response.status, url]).toEqual([200, `http://127.0.0.1:${port}`]);
    await drain(server);
  });

  it('keeps idle connections longer than a proxy does, and says so', async () => {
    const { server, url } = await start();

    const response = await fetch(`${url}/fast`);

    expect(response.headers.get('keep-alive')).toBe('timeout=75');
    expect(server.keepAliveTimeout).toBe(75_000);
    await drain(server);
  });

  it('does not count the time between two requests of one connection as time to send headers', async () => {
    const app = createHttpApp({ name: 'test', logger: createMemoryLogger().logger, routes: (express) => void express.get('/fast', (_req, res) => void res.json({})) });
    const { server, port } = await listen(app, { port: 0, host: '127.0.0.1', headersTimeoutMs: 100, checkEveryMs: 20 });
    leaks.server(server);
    const ask = 'GET /fast HTTP/1.1\r\nHost: x\r\n\r\n';
    let seen = '';
    const kept = connect(port, '127.0.0.1', () => kept.write(ask));
    kept.on('data', (chunk) => (seen += chunk.toString()));
    await until(() => seen.includes('200 OK'));

    // The time-out is over when a connection that sends half its headers is told so.
    const late = await raw(port, 'GET /fast HTTP/1.1\r\nHost: x\r\n');
    kept.write(ask);
    await until(() => seen.split('200 OK').length === 3);

    expect(late).toContain('400 Bad Request');
    kept.destroy();
    await drain(server);
  });

  it('says what to do when the port is taken', async () => {
    const { server, port, app } = await start();

    await expect(listen(app, { port, host: '127.0.0.1' })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    await drain(server);
  });

  it('answers headers that are too large with a problem', async () => {
    const { server, port } = await start();

    const seen = await raw(port, `GET /fast HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(20_000)}\r\n\r\n`);

    expect(seen).toMatch(/^HTTP\/1\.1 431 /);
    expect(seen).toContain('"code":"headers-too-large"');
    await drain(server);
  });

  it('answers what is no HTTP with a problem', async () => {
    const { server, port } = await start();

    const seen = await raw(port, 'hello\r\n\r\n');

    expect(seen).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).toContain('application/problem+json');
    await drain(server);
  });
});

describe('drain', () => {
  it('lets requests in flight end and takes no new ones', async () => {
    const { server, url, answer, waiting } = await start();
    const inFlight = fetch(`${url}/slow`);
    await until(() => waiting() === 1);

    const drained = drain(server);
    await expect(fetch(`${url}/fast`)).rejects.toThrow();
    answer();

    expect(await (await inFlight).json()).toEqual({ done: true });
    await drained;
    expect(server.listening).toBe(false);
  });

  it('does not wait for idle kept-alive connections', async () => {
    const { server, url } = await start();
    const agent = new Agent({ keepAlive: true });
    await new Promise<void>((resolve) => {
      httpRequest(`${url}/fast`, { agent }, (res) => res.resume().on('end', () => resolve())).end();
    });
    const started = performance.now();

    await drain(server, 20_000);

    // Not cut off by the time limit.
    expect(performance.now() - started).toBeLessThan(20_000);
    agent.destroy();
  });

  it('cuts off what has not ended in time', async () => {
    const { server, url, waiting } = await start();
    const inFlight = fetch(`${url}/slow`).catch(() => 'cut off');
    await until(() => waiting() === 1);

    await drain(server, 20);

    expect(await inFlight).toBe('cut off');
  });

  it('does nothing to a server that is closed already', async () => {
    const { server } = await start();
    await drain(server);

    await expect(drain(server)).resolves.toBeUndefined();
  });
});
