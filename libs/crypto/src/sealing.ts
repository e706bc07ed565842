import { type X25519PublicJwk } from '@trawling/contracts';
import { compactDecrypt, CompactEncrypt } from 'jose';
import { CryptoError } from './crypto-error.js';
import { jwkThumbprint, type X25519PrivateJwk } from './keys.js';

/** JWE (ECDH-ES on X25519, A256GCM) that only the holder of the private key can open. It does not say who made it. */
export async function sealBytes(jwk: X25519PublicJwk, text: string): Promise<string> {
  const { kty, crv, x } = jwk;
  return new CompactEncrypt(Buffer.from(text))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: jwkThumbprint(jwk) })
    .encrypt({ kty, crv, x });
}

/** Throws CryptoError `cannot-open`, the same for every cause. */
export async function openBytes(privateJwk: X25519PrivateJwk, jwe: string): Promise<string> {
  try {
    const { plaintext } = await compactDecrypt(jwe, privateJwk, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return Buffer.from(plaintext).toString('utf8');
  } catch {
    throw new CryptoError('cannot-open', 'the sealed text was altered or is for another key');
  }
}
