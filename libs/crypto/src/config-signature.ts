import { ConfigSignaturePayload, type SigningKeySet } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { CryptoError } from './crypto-error.js';
import { keyNamedBy, sign, verify } from './jws.js';
import { type Ed25519PrivateJwk } from './keys.js';

/** Detached compact JWS (`header..signature`) over the canonical `{ bot_id, version, hash, issued_at }`. */
export async function signConfig(input: {
  payload: ConfigSignaturePayload;
  kid: string;
  privateJwk: Ed25519PrivateJwk;
}): Promise<string> {
  const { kid, privateJwk } = input;
  const [header, , signature] = (await sign({ text: covered(input.payload), purpose: 'trawling-config', kid, privateJwk })).split('.');
  return `${header}..${signature}`;
}

/**
 * Holds a detached signature to what was received: give it the four members of the payload itself (a whole config
 * payload is fine). Throws CryptoError. That the hash is the payload's and the bot is ours is for the caller to check.
 */
export async function verifyConfigSignature(input: {
  jws: string;
  payload: ConfigSignaturePayload;
  keySet: SigningKeySet;
}): Promise<void> {
  const [header, payload, signature, ...rest] = input.jws.split('.');
  if (header === undefined || payload !== '' || signature === undefined || rest.length > 0) {
    throw new CryptoError('malformed', 'this is not a detached JWS');
  }
  const publicJwk = keyNamedBy(input.jws, input.keySet);
  const attached = `${header}.${Buffer.from(covered(input.payload)).toString('base64url')}.${signature}`;
  await verify({ jws: attached, purpose: 'trawling-config', publicJwk });
}

/** Exactly the four members, whatever else the caller's object has. */
const covered = (payload: ConfigSignaturePayload): string => canonicalJson(ConfigSignaturePayload.parse(payload));
