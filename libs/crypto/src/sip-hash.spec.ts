import fc from 'fast-check';
import { sipKeyOf, sipHash, sameSipHash, type SipHash } from './sip-hash.js';

const key = sipKeyOf(Uint8Array.from({ length: 16 }, (_, n) => n));
const counting = (length: number): string => String.fromCharCode(...Array.from({ length }, (_, n) => n));

function hexOf(hash: SipHash): string {
  const bytes = Buffer.alloc(16);
  hash.forEach((word, index) => bytes.writeInt32LE(word, index * 4));
  return bytes.toString('hex');
}

describe('sipHash', () => {
  // Those of 0, 1 and 15 bytes are in the authors' reference; all were checked with `openssl mac … SIPHASH`.
  it.each([
    [0, 'a3817f04ba25a8e66df67214c7550293'],
    [1, 'da87c1d86b99af44347659119b22fc45'],
    [7, 'a1f1ebbed8dbc153c0b84aa61ff08239'],
    [8, '3b62a9ba6258f5610f83e264f31497b4'],
    [15, '5493e99933b0a8117e08ec0f97cfc3d9'],
    [63, '5150d1772f50834a503e069a973fbd7c'],
    [91, 'e1f236bf5c7942200a7be50ea38692da'],
  ])('is SipHash-2-4-128: of %i bytes', (length, expected) => {
    expect(hexOf(sipHash(counting(length), key))).toBe(expected);
  });

  it('is another one for another text, and under another key', () => {
    const other = sipKeyOf(new Uint8Array(16));
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), fc.string({ unit: 'binary-ascii' }), (a, b) => {
        expect(sameSipHash(sipHash(a, key), sipHash(b, key))).toBe(a === b);
        expect(sameSipHash(sipHash(a, key), sipHash(a, other))).toBe(false);
      }),
    );
  });

  it.each([0, 1, 2, 3])('differs when word %i alone does', (index) => {
    const [a, b, c, d] = sipHash('text', key);
    const other: [number, number, number, number] = [a, b, c, d];
    other[index as 0] ^= 1;
    expect(sameSipHash([a, b, c, d], other)).toBe(false);
  });
});
