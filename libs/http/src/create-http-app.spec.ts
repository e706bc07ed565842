import { BotView, CreateBotRequest, DomainError, ListBotsQuery, UpdateBotRequest } from '@trawling/contracts';
import { createMemoryLogger } from '@trawling/runtime/testing';
import supertest from 'supertest';
import { z } from 'zod';
import { createHttpApp } from './create-http-app.js';
import { defineRoute, type Authenticator } from './define-route.js';
import { healthRoutes } from './health-routes.js';
import { mountRoutes } from './mount-routes.js';
import { openApiDocument, serveOpenApi } from './openapi-document.js';
import { bearerToken } from './bearer-token.js';
import { holdToOpenApi } from './testing/index.js';

const auth: Authenticator<{ role: string }> = {
  name: 'api_key',
  description: 'An API key of the control plane.',
  authenticate(req) {
    if (bearerToken(req) !== 'good') throw new DomainError('unauthenticated', 'Send a valid API key.');
    return { role: 'admin' };
  },
};

const Params = z.object({ bot_id: z.uuid() });
const Thing = z.object({ id: z.string(), name: z.string() });
const id = '0190aaaa-0000-7000-8000-000000000000';

const routes = [
  ...healthRoutes({ ready: () => ({ database: true }) }),
  defineRoute({
    method: 'get',
    path: '/bots/:bot_id',
    operationId: 'getBot',
    summary: 'One bot',
    auth,
    params: Params,
    responses: { 200: Thing, 304: null, problems: ['bot-not-found'] },
    handler({ params, req }) {
      if (req.headers['if-none-match'] === '"x"') return { status: 304 };
      if (req.headers['x-boom']) throw new Error('select secret from bot failed: relation does not exist');
      return { status: 200, body: { id: params.bot_id, name: 'Bot' }, headers: { ETag: '"x"' } };
    },
  }),
  defineRoute({
    method: 'patch',
    path: '/bots/:bot_id',
    operationId: 'updateBot',
    summary: 'Change a bot',
    auth,
    params: Params,
    body: UpdateBotRequest,
    responses: { 200: Thing, problems: ['version-conflict'] },
    handler: ({ params }) => ({ status: 200, raw: JSON.stringify({ id: params.bot_id, name: 'Bot' }) }),
  }),
  defineRoute({
    method: 'post',
    path: '/bots',
    operationId: 'createBot',
    summary: 'Create a bot',
    auth,
    body: CreateBotRequest,
    bodyLimit: 2000,
    responses: { 201: Thing, 202: BotView },
    handler: ({ body }) => ({ status: 201, body: { id, name: body.settings.name } }),
  }),
  defineRoute({
    method: 'get',
    path: '/bots',
    operationId: 'listBots',
    summary: 'All bots',
    auth,
    query: ListBotsQuery,
    responses: { 200: z.object({ limit: z.int() }) },
    handler: ({ query }) => ({ status: 200, body: { limit: query.limit } }),
  }),
];

const document = openApiDocument({ title: 'Test', version: '1', routes });

function start() {
  const log = createMemoryLogger();
  const app = createHttpApp({
    name: 'test',
    logger: log.logger,
    routes: (express) => {
      mountRoutes(express, routes);
      serveOpenApi(express, document);
    },
  });
  return { log, listener: app };
}

describe('an HTTP app', () => {
  const { log, listener } = start();
  const held = holdToOpenApi(listener, document);
  const as = (method: 'get' | 'post' | 'patch' | 'delete', path: string) =>
    supertest(held)[method](path).set('Authorization', 'Bearer good');

  it('parses, calls and responds', async () => {
    const response = await as('post', '/bots').send({ settings: { name: 'Bot' } }).expect(201);

    expect(response.body).toEqual({ id, name: 'Bot' });
    expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('refuses who is not known before looking at the body', async () => {
    const response = await supertest(held).post('/bots').set('Content-Type', 'text/plain').send('x').expect(401);

    expect(response.headers['content-type']).toMatch('application/problem+json');
    expect(response.headers['www-authenticate']).toBe('Bearer');
    expect(response.body).toMatchObject({ type: '/problems/unauthenticated', code: 'unauthenticated', status: 401 });
  });

  it.each([
    ['an unknown field', { settings: { name: 'x', nope: 1 } }, 'settings.nope'],
    ['a wrong value', { settings: { name: 'x', risk_caps: { max_trades_per_day: -1 } } }, 'settings.risk_caps.max_trades_per_day'],
    ['a NUL character', { settings: { name: 'x\u0000' } }, 'settings.name'],
    ['a lone surrogate', { settings: { name: 'x\ud800' } }, 'settings.name'],
    ['an item of a list', { settings: { name: 'x', custom_assets: ['BTC', 'b c'] } }, 'settings.custom_assets.1'],
  ])('names the path of %s', async (_what, body, path) => {
    const response = await as('post', '/bots').send(body).expect(400);

    expect(response.body.code).toBe('invalid-request');
    expect(response.body.issues).toEqual([{ path, message: expect.any(String) }]);
  });

  it.each([
    ['broken JSON', '{"settings":', 'application/json', 400, 'malformed-json'],
    ['a prototype key', '{"settings":{"name":"x"},"__proto__":{"a":1}}', 'application/json', 400, 'invalid-request'],
    ['a number out of range', '{"settings":{"name":"x","openclaw":{"a":1e999}}}', 'application/json', 400, 'invalid-request'],
    ['another media type', 'a=b', 'application/x-www-form-urlencoded', 415, 'unsupported-media-type'],
    ['another charset', '{}', 'application/json; charset=utf-7', 415, 'unsupported-media-type'],
    ['too much', JSON.stringify({ x: 'x'.repeat(3000) }), 'application/json', 413, 'payload-too-large'],
    ['nothing', '', 'application/json', 400, 'invalid-request'],
  ])('answers %s with its problem', async (_what, body, type, status, code) => {
    const response = await as('post', '/bots').set('Content-Type', type).send(body);

    expect([response.status, response.body.code]).toEqual([status, code]);
  });

  it('takes a merge patch under its own media type', async () => {
    await as('patch', `/bots/${id}`).set('Content-Type', 'application/merge-patch+json').send('{"name":"y"}').expect(200);
  });

  it('refuses unknown query parameters and coerces known ones', async () => {
    const good = await as('get', '/bots?limit=7').expect(200);
    const bad = await as('get', '/bots?limit=7&order=x').expect(400);
    const unexpected = await as('get', `/bots/${id}?a=b`).expect(400);

    expect(good.body).toEqual({ limit: 7 });
    expect(bad.body.issues).toEqual([{ path: 'query.order', message: 'unknown field' }]);
    expect(unexpected.body.issues).toEqual([{ path: 'query.a', message: 'unknown field' }]);
  });

  it('names the path of a bad address part', async () => {
    const response = await as('get', '/bots/nope').expect(400);
    const undecodable = await as('get', '/bots/%ff').expect(400);

    expect(response.body.issues[0].path).toBe('params.bot_id');
    expect(undecodable.body.code).toBe('invalid-request');
  });

  it('answers 304 without a body', async () => {
    const response = await as('get', `/bots/${id}`).set('If-None-Match', '"x"').expect(304);

    expect(response.text).toBe('');
  });

  it('answers unknown addresses with 404 and unknown methods with 405 and Allow', async () => {
    const nothing = await as('get', '/nope').expect(404);
    const method = await as('delete', `/bots/${id}`).expect(405);

    expect(nothing.body.code).toBe('not-found');
    expect(method.body.code).toBe('method-not-allowed');
    expect(method.headers['allow']).toBe('GET, PATCH, HEAD');
  });

  it('says nothing about what went wrong inside, and logs it with the request id', async () => {
    const response = await as('get', `/bots/${id}`).set('X-Boom', '1').set('X-Request-Id', 'abc-1').expect(500);

    expect(response.body).toEqual({
      type: '/problems/internal-error',
      title: 'Something went wrong on our side',
      status: 500,
      code: 'internal-error',
      request_id: 'abc-1',
    });
    const line = log.lines().find((l) => l.level === 'error');
    expect(line).toMatchObject({ request_id: 'abc-1', bot_id: id, err: { message: expect.stringContaining('relation') } });
  });

  it('serves its own description', async () => {
    const response = await supertest(held).get('/openapi.json').expect(200);

    expect(response.body.openapi).toBe('3.1.1');
    expect(response.body.paths['/bots'].post.requestBody.content['application/json'].schema).toEqual({
      $ref: '#/components/schemas/CreateBotRequest',
    });
    expect(response.text).not.toContain('#/$defs/');
  });
});
