import { Problem } from '@trawling/contracts';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { z } from 'zod';
import { mapSchema, type JsonSchema } from '../component-schemas.js';
import { type OpenApiDocument } from '../openapi-document.js';

export type SeenResponse = { method: string; path: string; status: number; contentType: string | undefined; body: unknown };

/**
 * Throws when a response is not one the document describes: operation, status, media type and body. Stricter than the
 * document in one way: an object with listed properties may have no others, so that a leaked field fails the suite.
 */
export function expectMatchesOpenApi(document: OpenApiDocument, seen: SeenResponse): void {
  const problem = mismatch(document, seen);
  if (problem) throw new Error(`${seen.method.toUpperCase()} ${seen.path} → ${seen.status}: ${problem}`);
}

function mismatch(document: OpenApiDocument, seen: SeenResponse): string | null {
  const path = seen.path.split('?', 1)[0] ?? '';
  const template = findTemplate(document, path);
  const method = seen.method.toLowerCase() === 'head' ? 'get' : seen.method.toLowerCase();
  const operation = template === undefined ? undefined : document.paths[template]?.[method];
  if (!template || !operation) return isProblem(seen, template ? 405 : 404) ? null : 'the document does not know this operation';

  const response = Operation.parse(operation).responses[String(seen.status)];
  if (!response) return 'the document does not list this status';
  if (!response.content) return isEmpty(seen.body) ? null : 'the document says there is no body';
  if (seen.method.toLowerCase() === 'head') return null;
  const type = (seen.contentType ?? '').split(';', 1)[0]?.trim() ?? '';
  const media = response.content[type];
  if (!media) return `media type is ${type || 'missing'}; the document says ${Object.keys(response.content).join(' or ')}`;
  if (!/json$/.test(type)) return null;
  const key = `${template} ${method} ${seen.status} ${type}`;
  const validate = validatorOf(document, key, media.schema);
  if (validate(seen.body)) return null;
  return (validate.errors ?? []).map((e) => `${e.instancePath || '(body)'} ${e.message} ${JSON.stringify(e.params)}`).join('; ');
}

const Operation = z.looseObject({
  responses: z.record(
    z.string(),
    z.looseObject({
      content: z.record(z.string(), z.looseObject({ schema: z.record(z.string(), z.unknown()) })).optional(),
    }),
  ),
});

const isEmpty = (body: unknown): boolean =>
  body === undefined || body === '' || (typeof body === 'object' && body !== null && Object.keys(body).length === 0);

/** Addresses and methods that are not there answer with these problems and are not in the document. */
const isProblem = (seen: SeenResponse, status: 404 | 405): boolean =>
  seen.status === status && (seen.contentType ?? '').startsWith('application/problem+json') && Problem.safeParse(seen.body).success;

/** Literal segments win over parameters. */
function findTemplate(document: OpenApiDocument, path: string): string | undefined {
  const parts = path.split('/');
  const fits = (template: string): boolean => {
    const wanted = template.split('/');
    return wanted.length === parts.length && wanted.every((part, i) => (part.startsWith('{') ? parts[i] !== '' : part === parts[i]));
  };
  return Object.keys(document.paths)
    .filter(fits)
    .sort((a, b) => a.split('{').length - b.split('{').length)[0];
}

const caches = new WeakMap<OpenApiDocument, { ajv: Ajv2020; validators: Map<string, ValidateFunction> }>();

function validatorOf(document: OpenApiDocument, key: string, schema: JsonSchema): ValidateFunction {
  const cache = caches.get(document) ?? newCache(document);
  caches.set(document, cache);
  const known = cache.validators.get(key);
  if (known) return known;
  const validate = cache.ajv.compile(closed(pointIntoDocument(schema)));
  cache.validators.set(key, validate);
  return validate;
}

function newCache(document: OpenApiDocument): { ajv: Ajv2020; validators: Map<string, ValidateFunction> } {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const schemas = Object.fromEntries(
    Object.entries(document.components.schemas).map(([name, schema]) => [name, closed(schema)]),
  );
  ajv.addSchema({ $id: 'openapi:/', components: { schemas } });
  return { ajv, validators: new Map() };
}

const pointIntoDocument = (schema: JsonSchema): JsonSchema =>
  mapSchema(schema, (node) => (typeof node['$ref'] === 'string' ? { ...node, $ref: `openapi:/${node['$ref']}` } : node));

/** Closes plain objects; parts of an allOf see only their own properties and stay open. */
function closed(schema: JsonSchema): JsonSchema {
  if (Array.isArray(schema['allOf'])) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closeValue(value)]));
  const isPlainObject = inner['type'] === 'object' && inner['properties'] !== undefined && inner['additionalProperties'] === undefined;
  return isPlainObject ? { ...inner, additionalProperties: false } : inner;
}

const closeValue = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(closeValue);
  return value !== null && typeof value === 'object' ? closed({ ...value }) : value;
};
