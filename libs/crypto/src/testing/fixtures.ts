import { type SigningKeySet } from '@trawling/contracts';
import { generateEd25519 } from '../keys.js';

export const botId = '0190aaaa-0000-7000-8000-000000000001';
export const otherBotId = '0190aaaa-0000-7000-8000-000000000002';
export const tokenId = '0190aaaa-0000-7000-8000-00000000000a';

/** A control plane's signing key and the key set that names it. */
export function signer(kid = 'k1', version = 1) {
  const pair = generateEd25519();
  const keySet: SigningKeySet = { version, issued_at: '2026-11-01T00:00:00.000Z', keys: [{ kid, jwk: pair.publicJwk }] };
  return { ...pair, kid, keySet };
}

/** The parts of a compact JOSE string, each with one bit of its bytes turned over. */
export function tamperings(compact: string): [part: number, tampered: string][] {
  const parts = compact.split('.');
  return parts.flatMap((part, index): [number, string][] => {
    if (part === '') return [];
    const bytes = Buffer.from(part, 'base64url');
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    return [[index, parts.map((p, i) => (i === index ? bytes.toString('base64url') : p)).join('.')]];
  });
}
