import { type Issue, type JsonObject, type JsonValue } from '@trawling/contracts';
import { isJsonObject } from '@trawling/domain';

/** How OpenClaw writes a variable in any string of its config; `$${NAME}` is the text itself. */
const VARIABLE = /(?<!\$)\$\{([A-Z_][A-Z0-9_]*)\}/g;

export class MissingReferences extends Error {
  constructor(readonly issues: Issue[]) {
    super(`the config refers to what this machine does not have: ${issues.map(({ path }) => path).join(', ')}`);
    this.name = 'MissingReferences';
  }
}

export interface Available {
  /** Names of the bot's secrets that are on this machine. */
  secrets: Readonly<Record<string, string>>;
  /** Environment variables of the gateway process. */
  env: readonly string[];
}

/**
 * Secrets and variables that a rendered config refers to and that are not there. OpenClaw takes such a config and
 * fails later, in the middle of a trade: so it is looked at before.
 */
export function missingReferences(rendered: JsonObject, available: Available): Issue[] {
  const missing: Issue[] = [];
  const visit = (value: JsonValue, path: string): void => {
    if (typeof value === 'string') {
      for (const [, name = ''] of value.matchAll(VARIABLE))
        if (!available.env.includes(name)) missing.push({ path, message: `the variable ${name} is not set for OpenClaw on this machine` });
      return;
    }
    if (typeof value !== 'object' || value === null) return;
    if (isJsonObject(value)) missing.push(...missingSecret(value, path, available));
    for (const [key, child] of Object.entries(value)) visit(child, path === '' ? key : `${path}.${key}`);
  };
  visit(rendered, '');
  return missing;
}

function missingSecret(value: JsonObject, path: string, { secrets, env }: Available): Issue[] {
  const { source, provider, id } = value;
  if (typeof id !== 'string') return [];
  if (source === 'file' && provider === 'fleet' && !secrets[id.replace(/^\//, '')])
    return [{ path, message: `the secret ${id.replace(/^\//, '')} is not on this machine` }];
  if (source === 'env' && !env.includes(id)) return [{ path, message: `the variable ${id} is not set for OpenClaw on this machine` }];
  return [];
}
