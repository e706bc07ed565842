import { DomainError } from '@trawling/contracts';
import { createMemoryLogger, until } from '@trawling/runtime/testing';
import { createServer } from 'node:http';
import supertest from 'supertest';
import { z } from 'zod';
import { createHttpApp } from './create-http-app.js';
import { defineRoute } from './define-route.js';
import { type HotRoute } from './hot-routes.js';
import { mountRoutes } from './mount-routes.js';
import { readJson } from './read-json.js';

const Said = z.object({ by: z.string(), id: z.string() });
const common = { summary: 'x', auth: 'none', params: z.object({ bot_id: z.string() }), responses: { 200: Said, 304: null } } as const;

const slow = [
  defineRoute({
    ...common,
    method: 'get',
    path: '/bots/:bot_id/config',
    operationId: 'get',
    query: z.object({ wait: z.string().optional() }),
    handler: ({ params }) => ({ status: 200, body: { by: 'express', id: params.bot_id } }),
  }),
  defineRoute({
    ...common,
    method: 'post',
    path: '/bots/:bot_id/heartbeat',
    operationId: 'beat',
    handler: ({ params }) => ({ status: 200, body: { by: 'express', id: params.bot_id } }),
  }),
];

function start(routes: HotRoute[]) {
  const log = createMemoryLogger();
  const observed: string[] = [];
  const app = createHttpApp({
    name: 'test',
    logger: log.logger,
    hotRoutes: routes,
    routes: (express) => mountRoutes(express, slow),
    metrics: { route: (method, route) => (status) => void observed.push(`${method} ${route} ${status}`) },
  });
  return { log, observed, client: supertest(createServer(app)) };
}

const hotConfig: HotRoute = {
  method: 'GET',
  path: '/bots/:bot_id/config',
  handle: ({ param, req }) => {
    if (param === 'cold') return null;
    if (param === 'fenced') throw new DomainError('bot-decommissioned', 'Gone.');
    if (param === 'unsendable') return { status: 200, headers: { ETag: 'two\r\nlines' }, body: {} };
    if (param === 'broken') throw new Error('select secret from bot');
    if (req.headers['if-none-match'] === '"x"') return { status: 304, headers: { 'ETag': '"x"', 'Cache-Control': 'no-store' } };
    return { status: 200, body: { by: 'hot', id: param } };
  },
};

describe('a hot route', () => {
  it('answers with what it says, a request id and the headers of a reply', async () => {
    const { client } = start([hotConfig]);

    const whole = await client.get('/bots/b1/config').set('X-Request-Id', 'r-1').expect(200);
    const known = await client.get('/bots/b1/config').set('If-None-Match', '"x"').expect(304);

    expect(whole.body).toEqual({ by: 'hot', id: 'b1' });
    expect(whole.headers).toMatchObject({ 'x-request-id': 'r-1', 'content-type': 'application/json; charset=utf-8' });
    expect(known.headers).toMatchObject({ 'etag': '"x"', 'cache-control': 'no-store', 'x-request-id': expect.stringMatching(/^[\w-]+\.\w+$/) });
    expect(known.headers['content-length']).toBeUndefined();
  });

  it.each([
    ['says so', '/bots/cold/config'],
    ['is asked with a query', '/bots/b1/config?wait=1'],
  ])('leaves to Express what it cannot answer: when it %s', async (_case, path) => {
    const { client } = start([hotConfig]);
    expect((await client.get(path).expect(200)).body.by).toBe('express');
  });

  it.each(['/bots//config', '/bots/a/b/config', '/bots/config', '/bots/b1/keys'])('is not asked for %s', async (path) => {
    const { client } = start([hotConfig]);
    await client.get(path).expect(404);
  });

  it('is not asked for another method', async () => {
    const { client } = start([hotConfig]);
    await client.post('/bots/b1/config').expect(405);
  });

  it('answers what it throws as any route does', async () => {
    const { client, log } = start([hotConfig]);

    const fenced = await client.get('/bots/fenced/config').expect(410);
    const broken = await client.get('/bots/broken/config').expect(500);

    expect(fenced.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(fenced.body).toMatchObject({ code: 'bot-decommissioned', detail: 'Gone.', request_id: fenced.headers['x-request-id'] });
    expect(broken.body.code).toBe('internal-error');
    expect(broken.text).not.toContain('secret');
    expect(log.lines().map(({ level, code }) => ({ level, code }))).toEqual([
      { level: 'info', code: 'bot-decommissioned' },
      { level: 'error', code: 'internal-error' },
    ]);
  });

  it('answers all that arrive together, also when one answer cannot be sent', async () => {
    const { client, log } = start([hotConfig]);

    const answers = await Promise.all(['a', 'unsendable', 'b'].map((id) => client.get(`/bots/${id}/config`)));

    expect(answers.map(({ status }) => status)).toEqual([200, 500, 200]);
    expect(answers.map(({ body }) => body.id ?? body.code)).toEqual(['a', 'internal-error', 'b']);
    expect(log.lines().filter(({ msg }) => msg === 'request refused')).toHaveLength(1);
  });

  it('is counted under the same name as the route behind it', async () => {
    const { client, observed } = start([hotConfig]);

    await client.get('/bots/b1/config').expect(200);
    await client.get('/bots/fenced/config').expect(410);
    await client.get('/bots/cold/config').expect(200);

    const config = 'GET /bots/:bot_id/config';
    await until(() => observed.length === 3);
    expect(observed).toEqual([`${config} 200`, `${config} 410`, `${config} 200`]);
  });

  it('refuses a path without one parameter', () => {
    expect(() => start([{ ...hotConfig, path: '/config' }])).toThrow('one parameter');
  });
});

describe('a hot route with a body', () => {
  const beat: HotRoute = {
    method: 'POST',
    path: '/bots/:bot_id/heartbeat',
    handle: ({ req, param }) => (param === 'cold' ? null : readJson(req, 100).then((body) => ({ status: 200, body: { got: body ?? 'nothing' } }))),
  };
  const post = (body: string, type = 'application/json') => start([beat]).client.post('/bots/b1/heartbeat').set('Content-Type', type).send(body);

  it('reads JSON within its limit', async () => {
    expect((await post('{"a":"ü"}').expect(200)).body).toEqual({ got: { a: 'ü' } });
    expect((await post('', 'application/json').expect(200)).body).toEqual({ got: 'nothing' });
    expect((await post('{}', 'application/json; charset=UTF-8').expect(200)).body).toEqual({ got: {} });
  });

  it.each([
    ['what is too long', JSON.stringify('x'.repeat(100)), 'application/json', 413, 'payload-too-large'],
    ['what is no JSON', '{"a":', 'application/json', 400, 'malformed-json'],
    ['another media type', 'a=b', 'text/plain', 415, 'unsupported-media-type'],
    ['another character set', '{}', 'application/json; charset=latin1', 415, 'unsupported-media-type'],
  ])('refuses %s', async (_case, body, type, status, code) => {
    expect((await post(body, type).expect(status)).body.code).toBe(code);
  });

  it('refuses what grows too long on the way', async () => {
    const { client } = start([beat]);
    const call = client.post('/bots/b1/heartbeat').set({ 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' });
    call.write('"' + 'x'.repeat(80));
    call.write('x'.repeat(80) + '"');

    expect((await call).status).toBe(413);
  });

  it('leaves the body to Express when it cannot answer', async () => {
    const { client } = start([beat]);
    expect((await client.post('/bots/cold/heartbeat').send({}).expect(200)).body.by).toBe('express');
  });
});
