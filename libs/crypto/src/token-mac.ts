import { createHmac, hkdfSync } from 'node:crypto';
import { type JsonValue } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { equalInConstantTime } from './token.js';

export type MacInput = {
  /** The 43 characters of an enrollment token's secret. */
  tokenSecret: string;
  tokenId: string;
  purpose: 'enroll' | 'boot';
  value: JsonValue;
};

/** base64url HMAC-SHA256 over the canonical value, under a key derived from the token's secret, one per purpose. */
export function tokenMac({ tokenSecret, tokenId, purpose, value }: MacInput): string {
  const secret = Buffer.from(tokenSecret, 'base64url');
  const key = hkdfSync('sha256', secret, tokenId, `trawling-${purpose}-mac-v1`, 32);
  return createHmac('sha256', Buffer.from(key)).update(canonicalJson(value)).digest('base64url');
}

/** Compares in constant time. */
export const tokenMacMatches = (mac: string, input: MacInput): boolean => equalInConstantTime(mac, tokenMac(input));
