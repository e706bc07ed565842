import { DomainError, type JsonObject, type JsonValue } from '@trawling/contracts';
import { jsonProblems } from './json-problems.js';

/** True for a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * RFC 7396: objects merge member by member, null removes, everything else replaces. Changes neither argument.
 * Throws DomainError `invalid-request` for a patch that names prototype keys or is nested absurdly deep.
 */
export function mergePatch(target: JsonValue, patch: JsonObject): JsonObject;
export function mergePatch(target: JsonValue, patch: JsonValue): JsonValue;
export function mergePatch(target: JsonValue, patch: JsonValue): JsonValue {
  const issues = jsonProblems(patch)
    .filter(({ kind }) => kind === 'prototype' || kind === 'depth')
    .map(({ path, message }) => ({ path, message }));
  if (issues.length > 0) throw new DomainError('invalid-request', 'The patch cannot be merged', { issues });
  return merge(target, patch);
}

function merge(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
