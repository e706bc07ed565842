import * as contracts from '@trawling/contracts';
import { type ProblemCode, problems } from '@trawling/contracts';
import { type Express } from 'express';
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { createComponentSchemas, type JsonSchema } from './component-schemas.js';
import { type ResponseSpec, type Route } from './define-route.js';

export type OpenApiDocument = {
  openapi: '3.1.1';
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, JsonSchema>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, JsonSchema> };
};

type Components = ReturnType<typeof createComponentSchemas>;

/** OpenAPI 3.1 of the very routes that are mounted. Contracts appear as components under their own names. */
export function openApiDocument(options: {
  title: string;
  version: string;
  description?: string;
  routes: readonly Route[];
  /** More named schemas, e.g. those an app defines itself. */
  schemas?: Record<string, unknown>;
}): OpenApiDocument {
  const components = createComponentSchemas({ ...contracts, ...options.schemas });
  const paths: OpenApiDocument['paths'] = {};
  const securitySchemes: Record<string, JsonSchema> = {};
  const seen = new Set<string>();
  for (const route of options.routes) {
    if (seen.has(route.operationId)) throw new Error(`two routes are called ${route.operationId}`);
    seen.add(route.operationId);
    (paths[openApiPath(route.path)] ??= {})[route.method] = operationOf(route, components);
    if (route.security) {
      securitySchemes[route.security.name] = { type: 'http', scheme: 'bearer', description: route.security.description };
    }
  }
  return {
    openapi: '3.1.1',
    info: { title: options.title, version: options.version, ...(options.description && { description: options.description }) },
    paths,
    components: { schemas: components.components, securitySchemes },
  };
}

/** Serves the document at `/openapi.json`. */
export function serveOpenApi(app: Express, document: OpenApiDocument): void {
  const text = JSON.stringify(document);
  app.get('/openapi.json', (_req, res) => {
    res.type('application/json').send(text);
  });
}

const openApiPath = (path: string): string => path.replaceAll(/:([A-Za-z0-9_]+)/g, '{$1}');

function operationOf(route: Route, components: Components): JsonSchema {
  const { params, query, headers, body } = route.schemas;
  const parameters = [
    ...parametersOf('path', params, components),
    ...parametersOf('query', query, components),
    ...parametersOf('header', headers, components),
  ];
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(route.tags.length > 0 && { tags: route.tags }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: !body.safeParse(undefined).success,
        content: Object.fromEntries(route.bodyTypes.map((type) => [type, { schema: components.use(body, 'input') }])),
      },
    }),
    responses: { ...successes(route, components), ...failures(route, components) },
    security: route.security ? [{ [route.security.name]: [] }] : [],
  };
}

function parametersOf(where: 'path' | 'query' | 'header', schema: z.ZodType | undefined, components: Components): JsonSchema[] {
  if (!schema) return [];
  const { properties, required } = ObjectSchema.parse(resolve(components.use(schema, 'input'), components));
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: property,
  }));
}

const ObjectSchema = z.looseObject({
  properties: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  required: z.array(z.string()).default([]),
});

function resolve(schema: JsonSchema, { components }: Components): JsonSchema {
  const ref = schema['$ref'];
  return typeof ref === 'string' ? (components[ref.slice('#/components/schemas/'.length)] ?? schema) : schema;
}

function successes(route: Route, components: Components): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(route.responses).flatMap(([status, spec]: [string, ResponseSpec | readonly ProblemCode[]]) =>
      /^\d{3}$/.test(status) && isResponseSpec(spec) ? [[status, responseOf(status, spec, components)]] : [],
    ),
  );
}

const isResponseSpec = (spec: ResponseSpec | readonly ProblemCode[]): spec is ResponseSpec => !Array.isArray(spec);

function responseOf(status: string, spec: ResponseSpec, components: Components): JsonSchema {
  const description = STATUS_CODES[status] ?? status;
  if (spec === null) return { description };
  if (spec instanceof z.ZodType) return { description, content: { 'application/json': { schema: components.use(spec, 'output') } } };
  const schema = spec.schema ? components.use(spec.schema, 'output') : {};
  const others = Object.entries(spec.alternatives ?? {}).map(([type, other]) => [type, { schema: components.use(other, 'output') }] as const);
  return {
    description: spec.description,
    content: { [spec.contentType ?? 'application/json']: { schema }, ...Object.fromEntries(others) },
  };
}

/** The route's own problems and those that its form brings with it. */
function failures(route: Route, components: Components): Record<string, JsonSchema> {
  const { params, query, headers, body } = route.schemas;
  const codes = new Set<ProblemCode>([...(route.responses.problems ?? []), 'invalid-request', 'internal-error']);
  if (body) for (const code of ['malformed-json', 'payload-too-large', 'unsupported-media-type'] as const) codes.add(code);
  if (route.security) codes.add('unauthenticated');
  if (!params && !query && !headers && !body && route.method !== 'get') codes.delete('invalid-request');

  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of [...codes].sort()) {
    const { status } = problems[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      String(status),
      {
        description: group.map((code) => `\`${code}\`: ${problems[code].title}`).join('; '),
        content: { 'application/problem+json': { schema: problemSchema(group, components) } },
      },
    ]),
  );
}

const problemSchema = (codes: ProblemCode[], components: Components): JsonSchema => ({
  allOf: [components.use(contracts.Problem, 'output'), { properties: { code: { enum: codes } } }],
});
