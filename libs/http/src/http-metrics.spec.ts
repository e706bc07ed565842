import { createMemoryLogger, until } from '@trawling/runtime/testing';
import { createServer } from 'node:http';
import supertest from 'supertest';
import { z } from 'zod';
import { createHttpApp } from './create-http-app.js';
import { defineRoute } from './define-route.js';
import { createMetrics, type GaugeValue, metricsRoute } from './http-metrics.js';
import { mountRoutes } from './mount-routes.js';

const common = { method: 'get', summary: 'x', auth: 'none', params: z.object({ bot_id: z.string() }), responses: { 204: null, 304: null } } as const;

function start() {
  const metrics = createMetrics();
  const routes = [
    metricsRoute(metrics),
    defineRoute({ ...common, path: '/bots/:bot_id/config', operationId: 'config', handler: () => ({ status: 204 }) }),
  ];
  const app = createHttpApp({
    name: 'test',
    logger: createMemoryLogger().logger,
    metrics,
    hotRoutes: [{ method: 'GET', path: '/bots/:bot_id/config', handle: ({ param }) => (param === 'hot' ? { status: 304 } : null) }],
    routes: (express) => mountRoutes(express, routes),
  });
  return { metrics, client: supertest(createServer(app)) };
}

describe('the metrics of an app', () => {
  it('count requests of both ways by route and status, and never by what a caller sent', async () => {
    const { client, metrics } = start();

    await client.get('/bots/hot/config').expect(304);
    await client.get('/bots/hot/config').expect(304);
    await client.get('/bots/secret-name/config').expect(204);
    await client.get('/bots/secret-name/nothing').expect(404);

    await until(async () => (await metrics.registry.metrics()).includes('status="404"'));
    const text = (await client.get('/metrics').expect(200)).text;
    expect(text).toContain('http_requests_total{method="GET",route="/bots/:bot_id/config",status="304"} 2');
    expect(text).toContain('http_requests_total{method="GET",route="/bots/:bot_id/config",status="204"} 1');
    expect(text).toContain('http_requests_total{method="GET",route="none",status="404"} 1');
    expect(text).toContain('http_request_duration_seconds_count{method="GET",route="/bots/:bot_id/config"} 3');
    expect(text).not.toContain('secret-name');
  });

  it('read gauges when they are asked for', async () => {
    const { client, metrics } = start();
    let held = 1;
    metrics.gauge('held', 'Things held.', () => held);
    held = 7;

    const answer = await client.get('/metrics').expect(200);

    expect(answer.headers['content-type']).toMatch('text/plain');
    expect(answer.text).toContain('\nheld 7\n');
  });

  it('read labelled gauges from elsewhere, and leave out what cannot be read', async () => {
    const metrics = createMetrics();
    let away = false;
    const read = async (values: GaugeValue[]) => {
      if (away) throw new Error('no database');
      return values;
    };
    metrics.gauges('machines', 'Machines.', ['state'], () => read([{ labels: { state: 'online' }, value: 3 }]));
    metrics.gauges('tokens', 'Tokens.', [], () => read([{ labels: {}, value: 2 }]));
    metrics.gauge('held', 'Things held.', () => 1);
    const numbers = async () => (await metrics.registry.metrics()).split('\n').filter((line) => /^(?:machines|tokens|held)/.test(line));

    const before = await numbers();
    away = true;
    const during = await numbers();
    away = false;

    expect(before).toEqual(['machines{state="online"} 3', 'tokens 2', 'held 1']);
    expect(during).toEqual(['held 1']);
    expect(await numbers()).toEqual(before);
  });

  it('count what happens by its kind', async () => {
    const metrics = createMetrics();
    const looked = metrics.counter('looks_total', 'Looks.', ['outcome']);

    looked({ outcome: 'settled' });
    looked({ outcome: 'settled' });
    looked({ outcome: 'failed' });

    expect(await metrics.registry.metrics()).toMatch(/looks_total\{outcome="settled"\} 2\nlooks_total\{outcome="failed"\} 1/);
  });

  it('tell of the process when they are asked to', async () => {
    expect(await createMetrics({ process: true }).registry.metrics()).toContain('process_resident_memory_bytes');
  });
});
