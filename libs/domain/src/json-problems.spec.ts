import fc from 'fast-check';
import { canonicalJson } from './canonical-json.js';
import { jsonProblems } from './json-problems.js';

const kinds = (value: unknown) => jsonProblems(value).map(({ kind, path }) => [kind, path]);

describe('jsonProblems', () => {
  it('finds what Postgres, RFC 8785 and merging cannot take, each with its path', () => {
    expect(kinds({ a: 'x\0y' })).toEqual([['nul', 'a']]);
    expect(kinds({ a: ['ok', '\ud800'] })).toEqual([['surrogate', 'a.1']]);
    expect(kinds(JSON.parse('{"a": {"__proto__": 1}}'))).toEqual([['prototype', 'a.__proto__']]);
    expect(kinds({ '\0': 1 })).toEqual([['nul', '\0']]);
  });

  it('takes whole surrogate pairs and every other character', () => {
    expect(kinds({ 'é😀': '日本 😀' })).toEqual([]);
  });

  it('answers with a finding for a value that is nested absurdly deep', () => {
    expect(kinds(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))).toEqual([['depth', expect.any(String)]]);
  });

  it('lets through only what has canonical JSON', () => {
    fc.assert(fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      if (jsonProblems(value, { maxDepth: Infinity }).length === 0) expect(() => canonicalJson(value)).not.toThrow();
    }));
  });
});
