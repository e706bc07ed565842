import type { JsonObject, JsonValue } from '@trawling/contracts';
import { canonicalJson } from './canonical-json.js';
import { isJsonObject } from './merge-patch.js';

/** What `config.get` shows instead of a value it holds to be secret. */
const REDACTED = '__OPENCLAW_REDACTED__';

export type ManagedDiff = {
  /** RFC 7396 patch that turns the managed part of `actual` into `next`. */
  patch: JsonObject;
  /** Arrays the patch replaces or removes; OpenClaw would merge them, or refuse to shrink them, otherwise. */
  replacePaths: string[];
  empty: boolean;
};

/**
 * The smallest patch that makes a running config say what we want, and nothing else. Managed is what is in `next`
 * and what was in `previous` (the config rendered last, null before the first); everything else in `actual` is
 * foreign and stays. A managed key that is gone from `next` becomes null.
 */
export function diffManaged(previous: JsonObject | null, next: JsonObject, actual: JsonObject): ManagedDiff {
  const replacePaths: string[] = [];
  const patch = diffObject(previous ?? {}, next, actual, '', replacePaths);
  return { patch, replacePaths: replacePaths.sort(), empty: Object.keys(patch).length === 0 };
}

function diffObject(previous: JsonObject, next: JsonObject, actual: JsonObject, path: string, replacePaths: string[]): JsonObject {
  const patch: JsonObject = {};
  for (const key of new Set([...Object.keys(next), ...Object.keys(previous)])) {
    const at = path === '' ? key : `${path}.${key}`;
    const [before, wanted, is] = [own(previous, key), own(next, key), own(actual, key)];
    if (wanted === undefined) {
      if (is === undefined || before === undefined) continue;
      const removal = removalOf(before, is);
      if (removal !== undefined) patch[key] = removal;
      collectRemovedArrays(is, removal, at, replacePaths);
    } else if (isJsonObject(wanted) && isJsonObject(is)) {
      const below = diffObject(isJsonObject(before) ? before : {}, wanted, is, at, replacePaths);
      if (Object.keys(below).length > 0) patch[key] = below;
    } else if (!same(is, wanted, before)) {
      patch[key] = wanted;
      if (Array.isArray(is)) replacePaths.push(at);
    }
  }
  return patch;
}

/** null for a managed value; for an object that also holds foreign keys, a patch that removes only ours. */
function removalOf(before: JsonValue, is: JsonValue): JsonValue | undefined {
  if (!isJsonObject(before) || !isJsonObject(is)) return null;
  const patch: JsonObject = {};
  for (const [key, value] of Object.entries(before)) {
    const current = own(is, key);
    const removal = current === undefined ? undefined : removalOf(value, current);
    if (removal !== undefined) patch[key] = removal;
  }
  const foreign = Object.keys(is).some((key) => patch[key] !== null);
  if (!foreign) return null;
  return Object.keys(patch).length > 0 ? patch : undefined;
}

function collectRemovedArrays(is: JsonValue, removal: JsonValue | undefined, at: string, replacePaths: string[]): void {
  if (removal === undefined) return;
  if (Array.isArray(is)) replacePaths.push(at);
  if (!isJsonObject(is)) return;
  for (const [key, value] of Object.entries(is)) {
    const below = isJsonObject(removal) ? own(removal, key) : null;
    collectRemovedArrays(value, below, `${at}.${key}`, replacePaths);
  }
}

/**
 * Equal, where a redacted value counts as what we wrote last: nobody but us can have read it, and a changed one
 * shows in OpenClaw's revision hash.
 */
function same(is: JsonValue | undefined, wanted: JsonValue, before: JsonValue | undefined): boolean {
  if (is === undefined) return false;
  if (is === REDACTED) return before !== undefined && canonicalJson(before) === canonicalJson(wanted);
  return canonicalJson(is) === canonicalJson(wanted);
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
