import { get, type IncomingMessage } from 'node:http';
import { createMemoryLogger, until } from '@trawling/runtime/testing';
import { createHttpApp } from './create-http-app.js';
import { defineRoute, type StreamBody } from './define-route.js';
import { drain, listen, type Listening } from './listen.js';
import { mountRoutes } from './mount-routes.js';
import { openApiDocument } from './openapi-document.js';
import { holdToOpenApi } from './testing/index.js';

let stream: StreamBody;
const routes = [
  defineRoute({
    method: 'get',
    path: '/stream',
    operationId: 'stream',
    summary: 'Goes on',
    auth: 'none',
    responses: { 200: { description: 'Lines', contentType: 'text/event-stream' } },
    handler: () => ({ status: 200, headers: { 'Content-Type': 'text/event-stream' }, stream }),
  }),
];

describe('an answer that goes on', () => {
  const app = createHttpApp({ name: 'test', logger: createMemoryLogger().logger, routes: (express) => mountRoutes(express, routes) });
  const held = holdToOpenApi(app, openApiDocument({ title: 'Test', version: '1', routes }));
  let listening: Listening;
  beforeEach(async () => {
    listening = await listen(held, { port: 0, host: '127.0.0.1' });
  });
  afterEach(() => drain(listening.server));

  const ask = (method = 'GET') =>
    new Promise<{ response: IncomingMessage; text: () => string; end: Promise<'ended' | 'cut'> }>((resolve, reject) => {
      get(`${listening.url}/stream`, { method, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        const end = new Promise<'ended' | 'cut'>((done) => response.on('end', () => done('ended')).on('error', () => done('cut')));
        resolve({ response, text: () => text, end });
      }).on('error', reject);
    });

  it('begins with its headers, goes on with what is written, and ends when the route says so', async () => {
    let goOn: () => void = () => undefined;
    stream = async (res) => {
      await new Promise<void>((resolve) => (goOn = resolve));
      res.write('one\n');
      res.write('two\n');
    };

    const { response, text, end } = await ask();
    expect([response.statusCode, response.headers['content-type'], text()]).toEqual([200, 'text/event-stream', '']);
    await until(() => (goOn(), text() === 'one\ntwo\n'));

    expect(await end).toBe('ended');
  });

  it('is cut off when it fails half-way', async () => {
    stream = async (res) => {
      res.write('one\n');
      throw new Error('broken');
    };

    expect(await (await ask()).end).toBe('cut');
  });

  it('is not begun for HEAD', async () => {
    stream = () => Promise.reject(new Error('begun'));

    const { response, end } = await ask('HEAD');

    expect([response.statusCode, await end]).toEqual([200, 'ended']);
  });
});
