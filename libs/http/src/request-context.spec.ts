import { createServer } from 'node:http';
import { createMemoryLogger, until } from '@trawling/runtime/testing';
import supertest from 'supertest';
import { z } from 'zod';
import { createHttpApp } from './create-http-app.js';
import { defineRoute } from './define-route.js';
import { mountRoutes } from './mount-routes.js';

const id = '0190aaaa-0000-7000-8000-000000000000';
const common = { summary: 'x', auth: 'none', params: z.object({ bot_id: z.string() }), responses: { 204: null } } as const;

function start() {
  const log = createMemoryLogger();
  const routes = [
    defineRoute({ ...common, method: 'get', path: '/bots/:bot_id', operationId: 'get', handler: () => ({ status: 204 }) }),
    defineRoute({ ...common, method: 'post', path: '/bots/:bot_id', operationId: 'change', handler: () => ({ status: 204 }) }),
    defineRoute({ ...common, method: 'post', path: '/bots/:bot_id/heartbeat', operationId: 'beat', logLevel: 'debug', handler: () => ({ status: 204 }) }),
    defineRoute({
      ...common,
      method: 'post',
      path: '/bots/:bot_id/rows',
      operationId: 'rows',
      handler: () => {
        z.string().parse(3);
        return { status: 204 };
      },
    }),
  ];
  const app = createHttpApp({ name: 'test', logger: log.logger, routes: (e) => mountRoutes(e, routes) });
  const lines = () => log.lines().map(({ level, method, path, status, bot_id, request_id }) => ({ level, method, path, status, bot_id, request_id }));
  return { log, lines, client: supertest(createServer(app)) };
}

describe('the request log', () => {
  it.each([
    ['reads that went well at debug', 'get', `/bots/${id}`, 'debug'],
    ['changes at info', 'post', `/bots/${id}`, 'info'],
    ['frequent reports at the level of their route', 'post', `/bots/${id}/heartbeat`, 'debug'],
  ] as const)('has %s, with bot and request id', async (_what, method, path, level) => {
    const { client, lines } = start();

    await client[method](path).set('X-Request-Id', 'r-1').expect(204);

    await until(() => lines().length > 0);
    expect(lines()).toEqual([{ level, method: method.toUpperCase(), path, status: 204, bot_id: id, request_id: 'r-1' }]);
  });

  it('has problems once, at the level of the error table, without the query', async () => {
    const { client, lines } = start();

    await client.get(`/bots/${id}?token=abc`).expect(400);
    await client.get('/nope').expect(404);

    expect(lines()).toEqual([
      expect.objectContaining({ level: 'info', status: 400, path: `/bots/${id}`, bot_id: id }),
      expect.objectContaining({ level: 'info', status: 404, path: '/nope' }),
    ]);
  });

  it('makes its own request id when the given one is odd', async () => {
    const { client } = start();

    const response = await client.get(`/bots/${id}`).set('X-Request-Id', 'a b {}').expect(204);

    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes what a schema refuses inside a handler for a fault of ours', async () => {
    const { client, log } = start();

    await client.post(`/bots/${id}/rows`).expect(500);

    expect(log.lines()[0]).toMatchObject({ level: 'error', err: { type: 'ZodError', stack: expect.stringContaining('request-context.spec') } });
  });
});
