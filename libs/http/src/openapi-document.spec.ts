import { BotEvent, BotSettings, CreateBotRequest, RollbackRequest, VersionedCommand, VersionView } from '@trawling/contracts';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { z } from 'zod';
import { defineRoute } from './define-route.js';
import { openApiDocument } from './openapi-document.js';

const routes = [
  defineRoute({
    method: 'get',
    path: '/bots/:bot_id/versions/:version',
    operationId: 'getVersion',
    summary: 'One version',
    auth: { name: 'api_key', description: 'An API key.', problems: ['forbidden'], authenticate: () => null },
    params: z.object({ bot_id: z.uuid(), version: z.coerce.number().int().describe('Which one.') }),
    query: z.strictObject({ full: z.enum(['true', 'false']).default('false') }),
    responses: { 200: VersionView, 304: null, problems: ['bot-not-found', 'version-not-found'] },
    handler: () => ({ status: 304 }),
  }),
  defineRoute({
    method: 'post',
    path: '/bots',
    operationId: 'createBot',
    summary: 'Create',
    auth: 'none',
    body: CreateBotRequest,
    responses: { 201: BotSettings, 202: BotEvent },
    handler: () => ({ status: 201, raw: '{}' }),
  }),
  defineRoute({
    method: 'post',
    path: '/bots/:bot_id/pause',
    operationId: 'pauseBot',
    summary: 'Pause',
    auth: 'none',
    params: z.object({ bot_id: z.uuid() }),
    body: VersionedCommand,
    responses: { 204: null },
    handler: () => ({ status: 204 }),
  }),
  defineRoute({
    method: 'post',
    path: '/bots/:bot_id/rollback',
    operationId: 'rollBack',
    summary: 'Roll back',
    auth: 'none',
    body: RollbackRequest,
    responses: { 200: { description: 'A script.', contentType: 'text/javascript' } },
    handler: () => ({ status: 200, raw: '' }),
  }),
];

describe('the OpenAPI document', () => {
  const document = openApiDocument({ title: 'Test', version: '1.0.0', routes });
  const operation = (path: string, method: string) => document.paths[path]?.[method] ?? {};

  it('describes addresses with their parameters', () => {
    expect(operation('/bots/{bot_id}/versions/{version}', 'get')['parameters']).toEqual([
      expect.objectContaining({ name: 'bot_id', in: 'path', required: true }),
      expect.objectContaining({ name: 'version', in: 'path', required: true }),
      expect.objectContaining({ name: 'full', in: 'query', required: false }),
    ]);
  });

  it('names problems by status, those of the form included', () => {
    const responses = z.record(z.string(), z.looseObject({ description: z.string() })).parse(
      operation('/bots/{bot_id}/versions/{version}', 'get')['responses'],
    );

    expect(Object.keys(responses)).toEqual(['200', '304', '400', '401', '403', '404', '500']);
    expect(responses['404']?.description).toContain('`bot-not-found`');
    expect(responses['404']?.description).toContain('`version-not-found`');
  });

  it('requires a body only where the contract does', () => {
    expect(operation('/bots', 'post')['requestBody']).toMatchObject({ required: true });
    expect(operation('/bots/{bot_id}/pause', 'post')['requestBody']).toMatchObject({ required: false });
  });

  it('keeps what a caller may leave out apart from what we answer', () => {
    const { schemas } = document.components;

    expect(schemas['BotSettings']?.['required']).toContain('strictness');
    expect(schemas['BotSettingsInput']?.['required']).toEqual(['name']);
    expect(schemas['CreateBotRequest']).toMatchObject({ properties: { settings: { $ref: '#/components/schemas/BotSettingsInput' } } });
  });

  it('leaves room for more fields in answers and none in requests', () => {
    expect(document.components.schemas['BotEvent']?.['additionalProperties']).toBeUndefined();
    expect(document.components.schemas['VersionView']?.['additionalProperties']).toBeUndefined();
    expect(document.components.schemas['CreateBotRequest']?.['additionalProperties']).toBe(false);
  });

  it('has no reference that leads nowhere, and only schemas that compile', () => {
    const text = JSON.stringify(document);
    const ajv = new Ajv2020({ strict: false });
    formats.default(ajv);
    ajv.addSchema({ $id: 'openapi:/', components: document.components });

    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.compile({ $ref: `openapi:/#/components/schemas/${name}` })).not.toThrow();
    }
    expect(text).not.toContain('$defs');
  });

  it('is the same every time', () => {
    expect(openApiDocument({ title: 'Test', version: '1.0.0', routes })).toEqual(document);
  });

  it('refuses two operations of one name', () => {
    expect(() => openApiDocument({ title: 'x', version: '1', routes: [...routes, ...routes] })).toThrow('two routes are called getVersion');
  });
});
