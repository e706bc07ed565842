import { generateKeyPairSync } from 'node:crypto';
import { Ed25519PublicJwk, X25519PublicJwk } from '@trawling/contracts';
import { canonicalJson, sha256Of } from '@trawling/domain';
import { z } from 'zod';

const d = z.string().length(43);
export const Ed25519PrivateJwk = Ed25519PublicJwk.extend({ d });
export type Ed25519PrivateJwk = z.infer<typeof Ed25519PrivateJwk>;
export const X25519PrivateJwk = X25519PublicJwk.extend({ d });
export type X25519PrivateJwk = z.infer<typeof X25519PrivateJwk>;

/** A signing key pair. */
export function generateEd25519(): { publicJwk: Ed25519PublicJwk; privateJwk: Ed25519PrivateJwk } {
  const jwk = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return { publicJwk: Ed25519PublicJwk.parse(jwk), privateJwk: Ed25519PrivateJwk.parse(jwk) };
}

/** A key pair to seal to. */
export function generateX25519(): { publicJwk: X25519PublicJwk; privateJwk: X25519PrivateJwk } {
  const jwk = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { publicJwk: X25519PublicJwk.parse(jwk), privateJwk: X25519PrivateJwk.parse(jwk) };
}

/** RFC 7638 SHA-256 thumbprint, base64url: the same for a key pair's public and private JWK. */
export function jwkThumbprint({ crv, kty, x }: Ed25519PublicJwk | X25519PublicJwk): string {
  const digest = sha256Of(canonicalJson({ crv, kty, x }));
  return Buffer.from(digest.slice('sha256:'.length), 'hex').toString('base64url');
}
