import { createHmac, hkdfSync } from 'node:crypto';
import { type JsonValue } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { equalInConstantTime } from './token.js';

export type TokenKeyInput = {
  /** The 43 characters of an enrollment token's secret. */
  tokenSecret: string;
  tokenId: string;
  purpose: 'enroll' | 'boot';
};
export type MacInput = TokenKeyInput & { value: JsonValue };

/** base64url of a key that is good for one purpose; whoever has it learns nothing of the token's secret. */
export function tokenMacKey({ tokenSecret, tokenId, purpose }: TokenKeyInput): string {
  const secret = Buffer.from(tokenSecret, 'base64url');
  return Buffer.from(hkdfSync('sha256', secret, tokenId, `trawling-${purpose}-mac-v1`, 32)).toString('base64url');
}

/** base64url HMAC-SHA256 over the canonical value, under a key derived from the token's secret, one per purpose. */
export const tokenMac = ({ value, ...input }: MacInput): string => macUnder(tokenMacKey(input), value);

/** Compares in constant time. */
export const tokenMacMatches = (mac: string, input: MacInput): boolean => equalInConstantTime(mac, tokenMac(input));

/** For who has only the derived key. Compares in constant time. */
export const macMatchesUnder = (mac: string, input: { key: string; value: JsonValue }): boolean =>
  equalInConstantTime(mac, macUnder(input.key, input.value));

const macUnder = (key: string, value: JsonValue): string =>
  createHmac('sha256', Buffer.from(key, 'base64url')).update(canonicalJson(value)).digest('base64url');
