import { timingSafeEqual } from 'node:crypto';
import { type Sha256 } from '@trawling/contracts';
import { sha256Of } from '@trawling/domain';

/** API key, bot credential, enrollment token. */
export type TokenPrefix = 'ttk' | 'ttb' | 'tte';
export type ParsedToken = { prefix: TokenPrefix; id: string; secret: string };

const SECRET_BYTES = 32;

/** `<prefix>_<id>_<secret>`: the id finds the row, the 256-bit secret proves the right; only its hash is stored. */
export function makeToken(prefix: TokenPrefix, id: string, randomBytes: (size: number) => Uint8Array): string {
  return `${prefix}_${id}_${Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url')}`;
}

// The last of 43 characters carries 4 bits: the other spellings of the same bytes are refused.
const form = /^(ttk|ttb|tte)_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})_([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/;

/** The parts of a token, or null when it is not one of ours. */
export function parseToken(text: string): ParsedToken | null {
  const [, prefix, id, secret] = form.exec(text) ?? [];
  if (id === undefined || secret === undefined) return null;
  return prefix === 'ttk' || prefix === 'ttb' || prefix === 'tte' ? { prefix, id, secret } : null;
}

/** Hash of the whole text. Unsalted and fast on purpose: the secret has 256 random bits. */
export const hashToken = (text: string): Sha256 => sha256Of(text);

/** Compares in constant time. */
export const tokenMatches = (text: string, hash: Sha256): boolean => equalInConstantTime(hashToken(text), hash);

/** Constant time for texts of equal length; other lengths are unequal at once. */
export function equalInConstantTime(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
