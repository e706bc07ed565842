import type { Issue, JsonObject, JsonValue } from '@trawling/contracts';
import { jsonProblems } from './json-problems.js';
import { isJsonObject } from './merge-patch.js';
import { type ExtrasNode, OPENCLAW_EXTRAS } from './openclaw-extras-table.js';

/** Longest agent turn an owner may ask for, in seconds: the safe base promises that every turn ends. */
export const MAX_TURN_SECONDS = 600;

const NOT_YOURS = 'this OpenClaw setting is not the owner’s to change';
/** Keys that hold credentials wherever they appear. */
const CREDENTIAL_KEY = /(?:token|password|passwd|secret|api_?key|credential|private_?key|authorization)s?$/i;
/** Shapes of tokens nobody should paste into settings: provider keys, Telegram and our own tokens. */
const CREDENTIAL_VALUE = /\b(?:sk-[\w-]{16,}|tt[kbe]_[\w-]{20,}|\d{6,12}:[\w-]{30,}|gh[pousr]_\w{20,}|xox[abp]-[\w-]{10,})/;

/**
 * Holds an owner's extra OpenClaw settings (a merge patch) to the allow-list. `denied` must be refused; `warnings`
 * are keys OpenClaw 2026.9.6 does not know below an allowed path: the bot's own OpenClaw has the last word on them.
 * Paths start with `openclaw.`, as in the settings.
 */
export function checkOpenclawExtras(patch: JsonObject): { denied: Issue[]; warnings: Issue[] } {
  const found = { denied: contentIssues(patch), warnings: [] as Issue[] };
  checkNode(patch, OPENCLAW_EXTRAS, 'openclaw', found);
  const turn = readPath(patch, ['agents', 'defaults', 'timeoutSeconds']);
  if (typeof turn === 'number' && (turn < 1 || turn > MAX_TURN_SECONDS)) {
    found.denied.push({ path: 'openclaw.agents.defaults.timeoutSeconds', message: `must be 1 to ${MAX_TURN_SECONDS} seconds; 0 would be no limit` });
  }
  return found;
}

function checkNode(patch: JsonObject, node: ExtrasNode, path: string, found: { denied: Issue[]; warnings: Issue[] }): void {
  for (const [key, value] of Object.entries(patch)) {
    const at = `${path}.${key}`;
    const below = Object.hasOwn(node.below, key) ? node.below[key] : undefined;
    if (below) {
      if (isJsonObject(value)) checkNode(value, below, at, found);
      // Null takes the owner's own extras back; the safe base is merged in later and stays whole.
      else if (value !== null) found.denied.push({ path: at, message: 'must be an object: it cannot be replaced as a whole' });
    } else if (node.allow.includes(key)) {
      continue;
    } else if (node.deny.includes(key) || node.unknown === 'deny') {
      found.denied.push({ path: at, message: NOT_YOURS });
    } else if (value !== null) {
      found.warnings.push({ path: at, message: 'OpenClaw 2026.9.6 does not know this setting; the bot may refuse the version' });
    }
  }
}

/** What is refused wherever it appears: includes, references to secrets, environment variables, credentials. */
function contentIssues(patch: JsonObject): Issue[] {
  const found: Issue[] = jsonProblems(patch).map(({ path, message }) => ({ path: `openclaw.${path}`, message }));
  if (found.length > 0) return found;
  const visit = (value: JsonValue, path: string): void => {
    if (typeof value === 'string') {
      if (value.includes('${')) found.push({ path, message: 'must not refer to environment variables' });
      else if (CREDENTIAL_VALUE.test(value)) found.push({ path, message: 'looks like a credential; put it as a secret of the bot instead' });
    }
    if (typeof value !== 'object' || value === null) return;
    if (isJsonObject(value) && typeof value['source'] === 'string' && 'provider' in value) found.push({ path, message: 'must not refer to secrets' });
    for (const [key, child] of Object.entries(value)) {
      const at = `${path}.${key}`;
      if (key === '$include') found.push({ path: at, message: 'includes are not allowed' });
      else if (!Array.isArray(value) && typeof child === 'string' && CREDENTIAL_KEY.test(key)) found.push({ path: at, message: 'must not hold a credential; put it as a secret of the bot instead' });
      visit(child, at);
    }
  };
  visit(patch, 'openclaw');
  return found;
}

function readPath(value: JsonValue | undefined, path: readonly string[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((at, key) => (isJsonObject(at) && Object.hasOwn(at, key) ? at[key] : undefined), value);
}

/** Part of a JSON schema that says which keys an object has. */
type KeySchema = { properties?: Record<string, KeySchema> };

/**
 * Keys of OpenClaw's own config schema that the table does not classify, and keys of the table that the schema does
 * not have. Empty for the pinned version; a test holds it to the real `openclaw config schema`.
 */
export function extrasTableGaps(schema: KeySchema, node: ExtrasNode = OPENCLAW_EXTRAS, path = ''): string[] {
  const known = Object.keys(schema.properties ?? {});
  const classified = [...node.allow, ...node.deny, ...Object.keys(node.below)];
  return [
    ...known.filter((key) => !classified.includes(key)).map((key) => `${path}${key}: not classified`),
    ...classified.filter((key) => !known.includes(key)).map((key) => `${path}${key}: not in OpenClaw's schema`),
    ...Object.entries(node.below).flatMap(([key, below]) => {
      const child = schema.properties?.[key];
      return child ? extrasTableGaps(child, below, `${path}${key}.`) : [];
    }),
  ];
}
