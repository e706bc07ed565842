import type { Issue } from '@trawling/contracts';

/** What makes a JSON value unfit: for merging (prototype), for Postgres (nul), for RFC 8785 (surrogate), for recursion (depth). */
export type JsonProblem = Issue & { kind: 'prototype' | 'nul' | 'surrogate' | 'depth' };

const PROTOTYPE_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const NUL = '\0';
/** Deepest nesting of objects and arrays that we take from outside: far beyond any real config, far below any stack. */
export const MAX_JSON_DEPTH = 40;

function textProblem(text: string): Pick<JsonProblem, 'kind' | 'message'> | null {
  if (text.includes(NUL)) return { kind: 'nul', message: 'must not contain a NUL character' };
  if (!isWellFormed(text)) return { kind: 'surrogate', message: 'must not contain half of a surrogate pair' };
  return null;
}

/** `String.prototype.isWellFormed`, for TypeScript's es2023 library, which lacks it. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/**
 * Everything in a JSON value that must not come in from outside, each with its path. Walks with its own stack, so
 * that a value nested ten thousand deep is a finding and not a crash.
 */
export function jsonProblems(value: unknown, { maxDepth }: { maxDepth: number } = { maxDepth: MAX_JSON_DEPTH }): JsonProblem[] {
  const found: JsonProblem[] = [];
  const open: { value: unknown; path: string; depth: number }[] = [{ value, path: '', depth: 0 }];
  for (let item = open.pop(); item; item = open.pop()) {
    const { path, depth } = item;
    if (typeof item.value === 'string') {
      const problem = textProblem(item.value);
      if (problem) found.push({ path, ...problem });
      continue;
    }
    if (item.value === null || typeof item.value !== 'object') continue;
    if (depth >= maxDepth) {
      found.push({ path, kind: 'depth', message: `nested deeper than ${maxDepth}` });
      continue;
    }
    for (const [key, child] of Object.entries(item.value)) {
      const childPath = path === '' ? key : `${path}.${key}`;
      const problem = textProblem(key);
      if (problem) found.push({ path: childPath, ...problem });
      if (PROTOTYPE_KEYS.has(key)) found.push({ path: childPath, kind: 'prototype', message: 'this name is reserved' });
      open.push({ value: child, path: childPath, depth: depth + 1 });
    }
  }
  return found;
}
