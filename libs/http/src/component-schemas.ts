import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';

export type JsonSchema = { [key: string]: unknown };
type Definitions = Record<string, JsonSchema>;

/**
 * Turns zod schemas into JSON Schema 2020-12 as OpenAPI 3.1 has it. Schemas found in `named` become components under
 * their name; one whose input differs from its output (defaults, coercion) gets a second component, `<Name>Input`.
 */
export function createComponentSchemas(named: Record<string, unknown>) {
  const registry = z.registry<{ id?: string }>();
  for (const [name, schema] of Object.entries(named)) if (schema instanceof z.ZodType) registry.add(schema, { id: name });
  const components: Definitions = {};

  /** `input`: what a caller may send; `output`: what we answer. */
  function use(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    // Wrapped, so that a named schema is a reference at the root too.
    const converted = z.toJSONSchema(z.object({ root: schema }), { io, metadata: registry, unrepresentable: 'any' });
    const { $defs, properties } = Converted.parse(converted);
    const open = (part: JsonSchema): JsonSchema => (io === 'output' ? openForAdditions(part) : part);
    const definitions = Object.fromEntries(Object.entries($defs).map(([name, part]) => [name, open(withoutId(part))]));
    const names = chooseNames(definitions, components);
    for (const [name, part] of Object.entries(definitions)) components[names[name] ?? name] = renamed(part, names);
    return renamed(open(properties.root), names);
  }
  return { use, components };
}

const Converted = z.looseObject({
  $defs: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  properties: z.looseObject({ root: z.record(z.string(), z.unknown()) }),
});

/** Keeps a name when the component of that name is the same; otherwise finds one that is free. */
function chooseNames(definitions: Definitions, taken: Definitions): Record<string, string> {
  const names: Record<string, string> = {};
  for (const name of Object.keys(definitions)) names[name] = name.startsWith('__schema') ? 'JsonValue' : name;
  // A definition that refers to a renamed one changes with it: look again until nothing changes.
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, part] of Object.entries(definitions)) {
      const wanted = names[name] ?? name;
      const existing = taken[wanted];
      if (existing === undefined || isDeepStrictEqual(existing, renamed(part, names))) continue;
      names[name] = wanted.endsWith('Input') ? `${wanted}_` : `${wanted}Input`;
      changed = true;
    }
  }
  return names;
}

function renamed(part: JsonSchema, names: Record<string, string>): JsonSchema {
  return mapSchema(part, (node) => {
    const ref = node['$ref'];
    if (typeof ref !== 'string' || !ref.startsWith('#/$defs/')) return node;
    const name = ref.slice('#/$defs/'.length);
    return { ...node, $ref: `#/components/schemas/${names[name] ?? name}` };
  });
}

/** Readers of our responses ignore unknown fields: the document must not forbid what we may add. */
function openForAdditions(part: JsonSchema): JsonSchema {
  return mapSchema(part, (node) => {
    if (node['additionalProperties'] !== false) return node;
    const { additionalProperties: _closed, ...open } = node;
    return open;
  });
}

const withoutId = ({ id: _id, $id: _uri, ...rest }: JsonSchema): JsonSchema => rest;

/** Rebuilds a schema, `change` applied to every object in it, innermost first. */
export function mapSchema(part: JsonSchema, change: (node: JsonSchema) => JsonSchema): JsonSchema {
  const rebuild = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rebuild);
    if (value === null || typeof value !== 'object') return value;
    return mapSchema({ ...value }, change);
  };
  return change(Object.fromEntries(Object.entries(part).map(([key, value]) => [key, rebuild(value)])));
}
