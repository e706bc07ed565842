import { DomainError, type JsonObject, type JsonValue } from '@trawling/contracts';
import fc from 'fast-check';
import { MAX_JSON_DEPTH } from './json-problems.js';
import { mergePatch } from './merge-patch.js';

/** RFC 7396 appendix A, all of it: original, patch, result. */
const EXAMPLES: [JsonValue, JsonValue, JsonValue][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [['a', 'b'], ['c', 'd'], ['c', 'd']],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

const safeKey = fc.string().filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key));
const { tree: anyJson } = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null), fc.integer(), fc.boolean(), fc.string(),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(safeKey, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const anyObject = fc.dictionary(safeKey, anyJson, { maxKeys: 4, noNullPrototype: true });

describe('mergePatch', () => {
  it.each(EXAMPLES)('turns %j with %j into %j, as RFC 7396 says', (original, patch, result) => {
    expect(mergePatch(original, patch)).toEqual(result);
  });

  it('changes nothing the second time', () => {
    fc.assert(fc.property(anyObject, anyObject, (target, patch) => {
      const once = mergePatch(target, patch);
      expect(mergePatch(once, patch)).toEqual(once);
    }));
  });

  it('changes neither of its arguments', () => {
    fc.assert(fc.property(anyObject, anyObject, (target, patch) => {
      const before = JSON.stringify([target, patch]);
      mergePatch(target, patch);
      expect(JSON.stringify([target, patch])).toBe(before);
    }));
  });

  it.each([
    ['{"__proto__": {"admin": true}}', '__proto__'],
    ['{"a": {"constructor": {"prototype": {"admin": true}}}}', 'a.constructor'],
    ['{"a": [{"prototype": 1}]}', 'a.0.prototype'],
  ])('refuses %s and names the path', (text, path) => {
    const patch: JsonObject = JSON.parse(text);

    expect(() => mergePatch({}, patch)).toThrow(expect.objectContaining({
      code: 'invalid-request',
      extensions: { issues: expect.arrayContaining([expect.objectContaining({ path })]) },
    }));
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  it('refuses a patch nested too deep instead of running out of stack', () => {
    const deep: JsonObject = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`);

    expect(MAX_JSON_DEPTH).toBeLessThan(50_000);
    expect(() => mergePatch({}, deep)).toThrow(DomainError);
  });
});
