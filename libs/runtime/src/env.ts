import { z } from 'zod';
import { redact } from './redact.js';

/** Every problem of the environment at once, one line each; values are never repeated. */
export class EnvError extends Error {
  constructor(readonly problems: string[]) {
    super(`The environment is not usable:\n${problems.map((p) => `  - ${p}`).join('\n')}`);
    this.name = 'EnvError';
  }
}

export type EnvSource = Record<string, string | undefined>;

/** Reads the environment through `schema`. An empty value counts as not set. Throws EnvError. */
export function parseEnv<S extends z.ZodType>(schema: S, env: EnvSource): z.output<S> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new EnvError(
    result.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? '(environment)');
      if (name in given || issue.path.length === 0) return `${name}: ${redact(issue.message)}`;
      return `${name}: is not set${describe(schema, name)}`;
    }),
  );
}

export type EnvVariable = { name: string; description: string; default: string | undefined; required: boolean };

/** The variables of an env schema with what `--help` and `.env.example` say about them. */
export function envVariables(schema: z.ZodType): EnvVariable[] {
  const shape = JsonSchemaObject.parse(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  return Object.entries(shape.properties).map(([name, property]) => ({
    name,
    description: property.description ?? '',
    default: property.default === undefined ? undefined : String(property.default),
    required: property.default === undefined && !schema.safeParse({}).success && isMissing(schema, name),
  }));
}

/** As text for `--help`. */
export function envHelp(schema: z.ZodType): string {
  const variables = envVariables(schema);
  const width = Math.max(0, ...variables.map((v) => v.name.length));
  return variables
    .map((v) => {
      const note = v.required ? 'required' : v.default === undefined ? 'optional' : `default ${v.default}`;
      return `  ${v.name.padEnd(width)}  ${v.description}${v.description ? ' ' : ''}(${note})`;
    })
    .join('\n');
}

const JsonSchemaObject = z.looseObject({
  properties: z
    .record(z.string(), z.looseObject({ description: z.string().optional(), default: z.unknown().optional() }))
    .default({}),
});

/** Asked of the schema itself: coercing schemas do not show in JSON Schema whether they accept nothing. */
function isMissing(schema: z.ZodType, name: string): boolean {
  const result = schema.safeParse({});
  return !result.success && result.error.issues.some((issue) => issue.path[0] === name);
}

function describe(schema: z.ZodType, name: string): string {
  const description = envVariables(schema).find((v) => v.name === name)?.description;
  return description ? ` (${description})` : '';
}
