import { createMemoryLogger } from '@trawling/runtime/testing';
import supertest from 'supertest';
import { createHttpApp } from './create-http-app.js';
import { healthRoutes, type ReadinessChecks } from './health-routes.js';
import { mountRoutes } from './mount-routes.js';

function start(ready: () => ReadinessChecks | Promise<ReadinessChecks>) {
  const log = createMemoryLogger();
  const app = createHttpApp({ name: 'test', logger: log.logger, routes: (express) => mountRoutes(express, healthRoutes({ ready })) });
  return { log, app };
}

describe('health', () => {
  it('is alive whatever is wrong', async () => {
    const { app } = start(() => ({ database: false }));

    await supertest(app).get('/healthz').expect(200, { status: 'ok' });
  });

  it('is ready when every check passes', async () => {
    const { app } = start(async () => ({ database: true, queue: { ok: true, detail: 'redis' } }));

    const response = await supertest(app).get('/readyz').expect(200);

    expect(response.body).toEqual({ status: 'ready', checks: { database: { ok: true }, queue: { ok: true, detail: 'redis' } } });
  });

  it('says with 503 and Retry-After which check does not pass', async () => {
    const { app } = start(() => ({ database: { ok: false, detail: 'no answer' }, queue: true }));

    const response = await supertest(app).get('/readyz').expect(503);

    expect(response.headers['retry-after']).toBe('5');
    expect(response.body).toMatchObject({ code: 'unavailable', detail: 'Not ready: database', checks: { database: { detail: 'no answer' } } });
  });

  it('is not ready when the checks themselves fail, and tells the log why, not the caller', async () => {
    const { app, log } = start(() => Promise.reject(new Error('password authentication failed')));

    const response = await supertest(app).get('/readyz').expect(503);

    expect(response.text).not.toContain('password');
    expect(log.text()).toContain('password authentication failed');
  });
});
