import { DomainError } from '@trawling/contracts';
import { createMemoryLogger, until } from '@trawling/runtime/testing';
import { createServer } from 'node:http';
import supertest from 'supertest';
import { z } from 'zod';
import { createHttpApp } from './create-http-app.js';
import { defineRoute } from './define-route.js';
import { healthRoutes } from './health-routes.js';
import { createMetrics } from './http-metrics.js';
import { mountRoutes } from './mount-routes.js';
import { createRunningRequests, tellOutcomes } from './request-outcomes.js';

const common = { method: 'get', summary: 'x', auth: 'none' } as const;

function start() {
  const outcomes: boolean[] = [];
  let finish = (): void => undefined;
  const held = new Promise<void>((resolve) => (finish = resolve));
  const routes = [
    ...healthRoutes({ ready: () => ({ database: false }) }),
    defineRoute({ ...common, path: '/ok', operationId: 'ok', responses: { 204: null }, handler: () => ({ status: 204 }) }),
    defineRoute({ ...common, path: '/away', operationId: 'away', responses: { 204: null, problems: ['unavailable'] }, handler: () => Promise.reject(new DomainError('unavailable', 'away')) }),
    defineRoute({ ...common, path: '/picky', operationId: 'picky', query: z.strictObject({ n: z.string() }), responses: { 204: null }, handler: () => ({ status: 204 }) }),
    defineRoute({
      ...common, path: '/held', operationId: 'held', responses: { 204: null },
      async handler() {
        await held;
        return { status: 204 };
      },
    }),
    defineRoute({
      ...common, path: '/streamed', operationId: 'streamed', responses: { 204: null },
      async handler({ res }) {
        res.flushHeaders();
        await held;
        return { status: 204 };
      },
    }),
  ];
  const app = createHttpApp({
    name: 'test',
    logger: createMemoryLogger().logger,
    metrics: tellOutcomes(createMetrics(), (ok) => outcomes.push(ok)),
    routes: (express) => mountRoutes(express, routes),
  });
  const running = createRunningRequests();
  return { client: supertest(createServer(running.counted(app))), outcomes, finish, running: running.count };
}

describe('the outcomes of requests', () => {
  it('are failures of the process only where it could not answer', async () => {
    const { client, outcomes } = start();

    await client.get('/ok').expect(204);
    await client.get('/picky').expect(400);
    await client.get('/away').expect(503);

    await until(() => outcomes.length === 3);
    expect(outcomes).toEqual([true, true, false]);
  });

  it('are not told of what others ask to watch the process, nor of addresses that there are not', async () => {
    const { client, outcomes } = start();

    await client.get('/readyz').expect(503);
    await client.get('/healthz').expect(200);
    await client.get('/nothing').expect(404);
    await client.get('/ok').expect(204);

    await until(() => outcomes.length > 0);
    expect(outcomes).toEqual([true]);
  });
});

describe('requests that run', () => {
  it('are counted until their answer begins', async () => {
    const { client, finish, running } = start();
    const asked = ['/held', '/held', '/streamed'].map((path) => client.get(path).then(({ status }) => status, () => 'cut'));

    await until(() => running() === 2);
    finish();
    await Promise.all(asked);

    await until(() => running() === 0);
    expect(running()).toBe(0);
  });
});
