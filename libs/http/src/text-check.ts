import { type Issue } from '@trawling/contracts';

const MAX_DEPTH = 64;

/**
 * What JSON can say and Postgres or our own code cannot hold: NUL, lone surrogates, numbers beyond double precision,
 * `__proto__` members, absurd nesting. Returns the first finding of each kind of place, with its path.
 */
export function findUnstorable(value: unknown, path: readonly (string | number)[] = []): Issue[] {
  if (path.length > MAX_DEPTH) return [issue(path.slice(0, 8), `nested deeper than ${MAX_DEPTH} levels`)];
  if (typeof value === 'string') return problemOf(value).map((message) => issue(path, message));
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [issue(path, 'number out of range')];
  if (Array.isArray(value)) return value.flatMap((item, index) => findUnstorable(item, [...path, index]));
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, member]) => {
    if (key === '__proto__') return [issue([...path, key], 'this name is not allowed')];
    const inName = problemOf(key);
    if (inName.length > 0) return inName.map((message) => issue(path, `in a member's name: ${message}`));
    return findUnstorable(member, [...path, key]);
  });
}

const loneSurrogate = /\p{Surrogate}/u;

function problemOf(text: string): string[] {
  if (text.includes('\u0000')) return ['contains a NUL character'];
  if (loneSurrogate.test(text)) return ['contains a lone surrogate'];
  return [];
}

const issue = (path: readonly (string | number)[], message: string): Issue => ({ path: path.join('.'), message });
