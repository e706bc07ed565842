import fc from 'fast-check';
import { canonicalJson, payloadHash, sha256Of } from './canonical-json.js';

/** The same value with the members of every object in another order. */
const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, child]) => [key, shuffled(child)]));
};

describe('canonicalJson', () => {
  it('gives the example of RFC 8785 section 3.2.2 its published form', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/',
      literals: [null, true, false],
    };

    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  it('sorts member names by UTF-16 code units, as RFC 8785 section 3.2.3 wants', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };

    expect([...canonicalJson(value).matchAll(/:(\d)/g)].map((m) => m[1]).join('')).toBe('2467153');
  });

  it('does not depend on the order in which members were written', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
    }));
  });

  it('reads back as the same value and is then a fixed point', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    }));
  });

  it.each([[Number.NaN], [Infinity], ['\ud800'], [{ a: ['\udc00'] }], [undefined]])('refuses %p, which has no canonical form', (value) => {
    expect(() => canonicalJson(value)).toThrow();
  });
});

describe('payloadHash', () => {
  it('is the SHA-256 of the canonical text, written with its algorithm', () => {
    expect(sha256Of('abc')).toBe('sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(payloadHash({ b: 1, a: 2 })).toBe(sha256Of('{"a":2,"b":1}'));
  });

  it('leaves the member hash out, whatever it says', () => {
    expect(payloadHash({ a: 1, hash: 'sha256:…' })).toBe(payloadHash({ a: 1 }));
  });

  it('changes when anything else changes', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (content) => {
      expect(payloadHash({ ...content, extra: 1 })).not.toBe(payloadHash({ ...content, extra: 2 }));
    }));
  });
});
