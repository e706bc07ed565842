import { createServer } from 'node:http';
import { failOnLeaks } from '@trawling/runtime/testing';
import supertest from 'supertest';
import { z } from 'zod';
import { defineRoute } from '../define-route.js';
import { openApiDocument } from '../openapi-document.js';
import { expectMatchesOpenApi, holdToOpenApi } from './index.js';

failOnLeaks();

const Bot = z.object({ id: z.uuid(), name: z.string(), machine: z.object({ state: z.enum(['on', 'off']) }).nullable() });
const document = openApiDocument({
  title: 'Test',
  version: '1',
  routes: [
    defineRoute({
      method: 'get',
      path: '/bots/:bot_id',
      operationId: 'getBot',
      summary: 'x',
      auth: 'none',
      params: z.object({ bot_id: z.string() }),
      responses: { 200: Bot, 304: null, problems: ['bot-not-found'] },
      handler: () => ({ status: 304 }),
    }),
    defineRoute({
      method: 'get',
      path: '/bots/mine',
      operationId: 'getMine',
      summary: 'x',
      auth: 'none',
      responses: { 200: z.object({ mine: z.boolean() }) },
      handler: () => ({ status: 200, body: { mine: true } }),
    }),
  ],
});
const bot = { id: '0190aaaa-0000-7000-8000-000000000001', name: 'x', machine: { state: 'on' } };
const problem = (code: string, status: number) => ({ type: `/problems/${code}`, title: 'x', status, code });
const json = 'application/json; charset=utf-8';
const problemJson = 'application/problem+json; charset=utf-8';

describe('expectMatchesOpenApi', () => {
  it.each([
    ['a described answer', 200, json, bot],
    ['null where null may be', 200, json, { ...bot, machine: null }],
    ['an answer without a body', 304, undefined, undefined],
    ['a listed problem', 404, problemJson, { ...problem('bot-not-found', 404), request_id: 'a', extra: 1 }],
  ])('accepts %s', (_what, status, contentType, body) => {
    expect(() => expectMatchesOpenApi(document, { method: 'GET', path: '/bots/a?x=y', status, contentType, body })).not.toThrow();
  });

  it.each([
    ['a missing field', 200, json, { id: bot.id, machine: null }, 'name'],
    ['a wrong type', 200, json, { ...bot, name: 3 }, '/name must be string'],
    ['a wrong format', 200, json, { ...bot, id: 'x' }, '/id must match'],
    ['a value that is not listed', 200, json, { ...bot, machine: { state: 'burning' } }, '/machine'],
    ['a field too many, which may be a leak', 200, json, { ...bot, secret_hash: 'x' }, 'secret_hash'],
    ['a nested field too many', 200, json, { ...bot, machine: { state: 'on', ip: 'x' } }, 'ip'],
    ['a status that is not listed', 418, json, {}, 'does not list this status'],
    ['a problem that is not listed', 404, problemJson, problem('secret-not-found', 404), '/code'],
    ['another media type', 200, 'text/html', '<p>', 'media type is text/html'],
    ['a body where there is none', 304, json, { a: 1 }, 'there is no body'],
  ])('refuses %s', (_what, status, contentType, body, message) => {
    expect(() => expectMatchesOpenApi(document, { method: 'GET', path: '/bots/a', status, contentType, body })).toThrow(message);
  });

  it('prefers a literal address to a parameter', () => {
    const seen = { method: 'GET', path: '/bots/mine', status: 200, contentType: json, body: { mine: true } };

    expect(() => expectMatchesOpenApi(document, seen)).not.toThrow();
  });

  it('wants the usual problems where nothing is described', () => {
    const seen = { method: 'POST', path: '/bots/a', status: 405, contentType: problemJson, body: problem('method-not-allowed', 405) };

    expect(() => expectMatchesOpenApi(document, seen)).not.toThrow();
    expect(() => expectMatchesOpenApi(document, { ...seen, status: 200 })).toThrow('does not know this operation');
    expect(() => expectMatchesOpenApi(document, { ...seen, path: '/x', status: 404, body: problem('not-found', 404) })).not.toThrow();
  });
});

describe('holdToOpenApi', () => {
  it('lets a test fail in which an answer was not as described', async () => {
    let end: () => void = () => undefined;
    const app = holdToOpenApi(
      (req, res) => {
        res.setHeader('content-type', json);
        res.write('{"mine":');
        res.end(req.headers['x-wrong'] ? '3}' : 'true}');
      },
      document,
      (hook) => (end = hook),
    );

    await supertest(createServer(app)).get('/bots/mine').expect(200, { mine: true });
    expect(end).not.toThrow();
    await supertest(createServer(app)).get('/bots/mine').set('X-Wrong', '1').expect(200);
    expect(end).toThrow(/GET \/bots\/mine → 200: \/mine must be boolean/);
    expect(end).not.toThrow();
  });
});
