import { createServer, type RequestListener, type Server } from 'node:http';
import { generateLoad, type LoadPlan } from './generate-load.js';
import { answerLength } from './open-connection.js';

describe('the load generator', () => {
  let server: Server | null = null;
  const serve = async (listener: RequestListener): Promise<LoadPlan> => {
    const started = createServer(listener);
    server = started;
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
    const address = started.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    return { host: '127.0.0.1', port, connections: 4, warmUpMs: 20, warmUpRequests: 0, measureMs: 200, rate: null, goodStatus: 200 };
  };
  const next = (): string => 'GET / HTTP/1.1\r\nHost: here\r\n\r\n';

  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => server?.close(resolve));
  });

  it('counts what was answered, and by what status', async () => {
    let asked = 0;
    const plan = await serve((_req, res) => {
      asked += 1;
      res.end('fine');
    });

    const result = await generateLoad(plan, next);

    expect(result.errors).toEqual({});
    expect(result.requests).toBeGreaterThan(0);
    expect(result.answered).toBeGreaterThanOrEqual(result.requests);
    expect(asked).toBeGreaterThanOrEqual(result.answered);
    expect(result.p50).toBeLessThanOrEqual(result.p99);
  });

  it('goes on warming up until as many were answered as it was told', async () => {
    const plan = await serve((_req, res) => void setTimeout(() => res.end(), 20));

    const result = await generateLoad({ ...plan, warmUpRequests: 40 }, next);

    expect(result.answered - result.requests).toBeGreaterThanOrEqual(40);
  });

  it('tells of answers with another status, and of connections that were cut', async () => {
    let asked = 0;
    const plan = await serve((req, res) => {
      asked += 1;
      if (asked % 3 === 0) res.writeHead(503, { 'Content-Length': '0' }).end();
      else if (asked === 5) req.socket.destroy();
      else res.end();
    });

    const { errors } = await generateLoad(plan, next);

    expect(errors['503']).toBeGreaterThan(0);
    expect(Object.keys(errors).length).toBe(2);
  });

  it('does not guess where an answer ends', async () => {
    const plan = await serve((_req, res) => void res.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end());

    const { errors, requests } = await generateLoad(plan, next);

    expect([errors, requests]).toEqual([{ 'an answer without Content-Length': 4 }, 0]);
  });

  it('keeps to a rate, and counts waiting from when a request was due', async () => {
    const plan = await serve((_req, res) => void setTimeout(() => res.end(), 50));

    // Four connections of 20 answers a second each cannot keep up with 200 a second.
    const result = await generateLoad({ ...plan, rate: 200, measureMs: 1_000 }, next);

    expect(result.requests).toBeLessThan(200);
    expect(result.p99).toBeGreaterThan(200);
  });
});

describe('the end of an answer', () => {
  it.each([
    ['HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 40],
    ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1', 40],
    ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{', 47],
    ['HTTP/1.1 200 OK\r\nContent-Le', null],
  ])('%j is at %p', (text, length) => {
    expect(answerLength(text)).toBe(length);
  });

});
