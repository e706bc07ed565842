import fc from 'fast-check';
import { findUnstorable } from './text-check.js';

describe('findUnstorable', () => {
  it.each([
    [{ a: ['x', 'y\u0000'] }, [{ path: 'a.1', message: 'contains a NUL character' }]],
    [{ a: { b: '\udc00' } }, [{ path: 'a.b', message: 'contains a lone surrogate' }]],
    [{ a: { 'b\u0000': 1 } }, [{ path: 'a', message: "in a member's name: contains a NUL character" }]],
    [JSON.parse('{"a":{"__proto__":{}}}'), [{ path: 'a.__proto__', message: 'this name is not allowed' }]],
    [{ a: Infinity }, [{ path: 'a', message: 'number out of range' }]],
    ['\u0000', [{ path: '', message: 'contains a NUL character' }]],
    [{ a: '😀', b: null, c: undefined, d: true }, []],
  ])('%j', (value, issues) => {
    expect(findUnstorable(value)).toEqual(issues);
  });

  it('stops at absurd nesting', () => {
    const deep: unknown = JSON.parse('['.repeat(10_000) + ']'.repeat(10_000));

    expect(findUnstorable(deep)).toEqual([{ path: '0.0.0.0.0.0.0.0', message: 'nested deeper than 64 levels' }]);
  });

  it('finds nothing in JSON of well-formed texts', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((t) => !t.includes('\u0000') && t !== '__proto__');
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: 'small' }, text, fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('value')), fc.dictionary(text, tie('value'))),
    }));

    fc.assert(fc.property(value, (json) => expect(findUnstorable(json)).toEqual([])));
  });
});
