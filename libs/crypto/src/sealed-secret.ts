import { SealedSecretPayload, type SigningKeySet, type X25519PublicJwk } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { CryptoError } from './crypto-error.js';
import { keyNamedBy, sign, verify } from './jws.js';
import { type Ed25519PrivateJwk, type X25519PrivateJwk } from './keys.js';
import { openBytes, sealBytes } from './sealing.js';

/** A JWE to the machine's sealing key around a JWS by the control plane: who relays it can neither read nor make one. */
export async function sealSecret(input: {
  payload: SealedSecretPayload;
  kid: string;
  signingPrivateJwk: Ed25519PrivateJwk;
  sealingJwk: X25519PublicJwk;
}): Promise<string> {
  const text = canonicalJson(SealedSecretPayload.parse(input.payload));
  const jws = await sign({ text, purpose: 'trawling-secret', kid: input.kid, privateJwk: input.signingPrivateJwk });
  return sealBytes(input.sealingJwk, jws);
}

/**
 * Opens a sealed secret and checks that the control plane made it, and for whom when `expected` says so.
 * Throws CryptoError; `unknown-key` means: fetch the key set and try again.
 */
export async function openSealedSecret(input: {
  jwe: string;
  sealingPrivateJwk: X25519PrivateJwk;
  keySet: SigningKeySet;
  expected?: Partial<Pick<SealedSecretPayload, 'bot_id' | 'name' | 'version'>>;
}): Promise<SealedSecretPayload> {
  const jws = await openBytes(input.sealingPrivateJwk, input.jwe);
  const text = await verify({ jws, purpose: 'trawling-secret', publicJwk: keyNamedBy(jws, input.keySet) });
  const parsed = SealedSecretPayload.safeParse(JSON.parse(text));
  if (!parsed.success) throw new CryptoError('malformed', 'the sealed secret has another form');
  const { bot_id, name, version } = { ...parsed.data, ...input.expected };
  if (bot_id !== parsed.data.bot_id || name !== parsed.data.name || version !== parsed.data.version) {
    throw new CryptoError('wrong-subject', `this is secret ${parsed.data.name} version ${parsed.data.version} of bot ${parsed.data.bot_id}`);
  }
  return parsed.data;
}
