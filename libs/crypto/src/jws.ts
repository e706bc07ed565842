import { type Ed25519PublicJwk, type SigningKeySet } from '@trawling/contracts';
import { CompactSign, compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from 'jose';
import { CryptoError } from './crypto-error.js';
import { type Ed25519PrivateJwk } from './keys.js';

/** Signed into the header as `typ`, so that a signature for one purpose is none for another. */
export type Purpose = 'trawling-config' | 'trawling-key-set' | 'trawling-secret' | 'trawling-enrollment' | 'trawling-credential-rotation';

/** Compact JWS, EdDSA. */
export async function sign(input: { text: string; purpose: Purpose; kid: string; privateJwk: Ed25519PrivateJwk }): Promise<string> {
  return new CompactSign(Buffer.from(input.text))
    .setProtectedHeader({ alg: 'EdDSA', kid: input.kid, typ: input.purpose })
    .sign(input.privateJwk);
}

/** The signed text. Throws CryptoError. Only EdDSA is accepted, whatever the header asks for. */
export async function verify(input: { jws: string; purpose: Purpose; publicJwk: Ed25519PublicJwk }): Promise<string> {
  if (headerOf(input.jws).typ !== input.purpose) throw new CryptoError('wrong-purpose', `this is not a ${input.purpose} signature`);
  try {
    const { payload } = await compactVerify(input.jws, publicPart(input.publicJwk), { algorithms: ['EdDSA'] });
    return Buffer.from(payload).toString('utf8');
  } catch (error) {
    const isForm = error instanceof errors.JWSInvalid || error instanceof TypeError;
    throw new CryptoError(isForm ? 'malformed' : 'bad-signature', isForm ? 'this is not a compact JWS' : 'the signature does not hold');
  }
}

/** The public key a JWS names by its `kid`. */
export function keyNamedBy(jws: string, keySet: SigningKeySet): Ed25519PublicJwk {
  const { kid } = headerOf(jws);
  const found = keySet.keys.find((key) => key.kid === kid);
  if (!found) throw new CryptoError('unknown-key', `no signing key ${String(kid).slice(0, 60)} in key set ${keySet.version}`);
  return found.jwk;
}

function headerOf(jws: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(jws);
  } catch {
    throw new CryptoError('malformed', 'this is not a compact JWS');
  }
}

/** A key that verifies must not carry its private part or hints on its use. */
const publicPart = ({ kty, crv, x }: Ed25519PublicJwk): Ed25519PublicJwk => ({ kty, crv, x });
