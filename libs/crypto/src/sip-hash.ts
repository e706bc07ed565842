/** 128 bits as four 32-bit numbers. */
export type SipHash = readonly [number, number, number, number];

/** Key of SipHash: 16 random bytes, as four 32-bit numbers. */
export type SipKey = readonly [number, number, number, number];

export function sipKeyOf(bytes: Uint8Array): SipKey {
  const words = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return [words.getInt32(0, true), words.getInt32(4, true), words.getInt32(8, true), words.getInt32(12, true)];
}

/**
 * SipHash-2-4 with 128 bits (Aumasson and Bernstein, 2012) over the low bytes of a text: a keyed one-way function for
 * short texts, here in plain numbers because a call into OpenSSL costs a hot path ten times as much as the hash itself.
 * Good for recognising what was seen before within one process, under a random key that never leaves it; what is stored
 * or sent is hashed with SHA-256.
 */
export function sipHash(text: string, key: SipKey): SipHash {
  const [k0l, k0h, k1l, k1h] = key;
  let v0l = k0l ^ 0x70736575;
  let v0h = k0h ^ 0x736f6d65;
  let v1l = k1l ^ 0x6e646f6d ^ 0xee;
  let v1h = k1h ^ 0x646f7261;
  let v2l = k0l ^ 0x6e657261;
  let v2h = k0h ^ 0x6c796765;
  let v3l = k1l ^ 0x79746573;
  let v3h = k1h ^ 0x74656462;
  let first = 0;
  let second = 0;
  let ml = 0;
  let mh = 0;

  const blocks = (text.length >>> 3) + 1;
  const finish = blocks * 2;
  // One body for all rounds: two for each block of 8 bytes, four for each half of the result.
  for (let round = 0; round < finish + 8; round++) {
    if (round < finish && (round & 1) === 0) {
      const at = round * 4;
      ml = bytesAt(text, at);
      mh = bytesAt(text, at + 4);
      // The last block ends with the length.
      if (round === finish - 2) mh |= text.length << 24;
      v3l ^= ml;
      v3h ^= mh;
    }
    if (round === finish) v2l ^= 0xee;
    if (round === finish + 4) {
      first = v0l ^ v1l ^ v2l ^ v3l;
      second = v0h ^ v1h ^ v2h ^ v3h;
      v1l ^= 0xdd;
    }

    let low = (v0l + v1l) | 0;
    v0h = (v0h + v1h + carry(v0l, v1l, low)) | 0;
    v0l = low;
    low = (v2l + v3l) | 0;
    v2h = (v2h + v3h + carry(v2l, v3l, low)) | 0;
    v2l = low;
    low = (v1l << 13) | (v1h >>> 19);
    v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h;
    v1l = low ^ v0l;
    low = (v3l << 16) | (v3h >>> 16);
    v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
    v3l = low ^ v2l;
    low = v0l;
    v0l = v0h;
    v0h = low;

    low = (v2l + v1l) | 0;
    v2h = (v2h + v1h + carry(v2l, v1l, low)) | 0;
    v2l = low;
    low = (v0l + v3l) | 0;
    v0h = (v0h + v3h + carry(v0l, v3l, low)) | 0;
    v0l = low;
    low = (v1l << 17) | (v1h >>> 15);
    v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h;
    v1l = low ^ v2l;
    low = (v3l << 21) | (v3h >>> 11);
    v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
    v3l = low ^ v0l;
    low = v2l;
    v2l = v2h;
    v2h = low;

    if (round < finish && (round & 1) === 1) {
      v0l ^= ml;
      v0h ^= mh;
    }
  }
  return [first | 0, second | 0, v0l ^ v1l ^ v2l ^ v3l, v0h ^ v1h ^ v2h ^ v3h];
}

/** Compares all of both, whatever they are. */
export const sameSipHash = (a: SipHash, b: SipHash): boolean =>
  ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) === 0;

/** What a 32-bit addition carries over, without leaving 32-bit integers. */
const carry = (a: number, b: number, sum: number): number => ((a & b) | ((a | b) & ~sum)) >>> 31;

/** Four bytes, the first lowest; zero beyond the end. */
function bytesAt(text: string, at: number): number {
  if (at + 3 < text.length) {
    return (text.charCodeAt(at) & 0xff) | ((text.charCodeAt(at + 1) & 0xff) << 8) | ((text.charCodeAt(at + 2) & 0xff) << 16) | (text.charCodeAt(at + 3) << 24);
  }
  let word = 0;
  for (let byte = 0; byte < 4 && at + byte < text.length; byte++) word |= (text.charCodeAt(at + byte) & 0xff) << (8 * byte);
  return word;
}
