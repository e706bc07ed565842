import { type Ed25519PublicJwk, SigningKeySet } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { CryptoError } from './crypto-error.js';
import { sign, verify } from './jws.js';
import { type Ed25519PrivateJwk, jwkThumbprint } from './keys.js';

/** Compact JWS by the root key around the signing keys that agents may trust. */
export async function signKeySet(input: { keySet: SigningKeySet; rootPrivateJwk: Ed25519PrivateJwk }): Promise<string> {
  return sign({
    text: canonicalJson(SigningKeySet.parse(input.keySet)),
    purpose: 'trawling-key-set',
    kid: jwkThumbprint(input.rootPrivateJwk),
    privateJwk: input.rootPrivateJwk,
  });
}

/**
 * The key set, when the root key pinned at provisioning signed it and its version is at least `minVersion` (the one
 * already held, 0 for none): an old set could bring back a key that was withdrawn. Throws CryptoError.
 */
export async function verifyKeySet(input: {
  jws: string;
  rootPublicJwk: Ed25519PublicJwk;
  minVersion: number;
}): Promise<SigningKeySet> {
  const text = await verify({ jws: input.jws, purpose: 'trawling-key-set', publicJwk: input.rootPublicJwk });
  const keySet = SigningKeySet.safeParse(JSON.parse(text));
  if (!keySet.success) throw new CryptoError('malformed', 'the signed key set has another form');
  if (keySet.data.version < input.minVersion) {
    throw new CryptoError('key-set-too-old', `key set ${keySet.data.version} is older than ${input.minVersion}`);
  }
  return keySet.data;
}
