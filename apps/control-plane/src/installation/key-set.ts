import { Ed25519PublicJwk, type SigningKeySet } from '@trawling/contracts';
import { type Ed25519PrivateJwk, signKeySet, verifyKeySet } from '@trawling/crypto';
import { findInstallation, replaceKeySet, type Transaction } from '@trawling/database';

/** The key set agents are told of now. Throws a sentence when the root key is not the one that machines pin. */
export async function currentKeySet(tx: Transaction, rootPrivateJwk: Ed25519PrivateJwk): Promise<SigningKeySet> {
  const installation = await findInstallation(tx);
  if (!installation) throw new Error('This database is not initialised yet: run "admin init" first');
  const rootPublicJwk = Ed25519PublicJwk.parse(installation.rootPublicJwk);
  if (rootPublicJwk.x !== rootPrivateJwk.x) throw new Error('This is another root key than the one that the machines of this installation pin');
  return verifyKeySet({ jws: installation.keySet, rootPublicJwk, minVersion: 0 });
}

/** The next version of the key set, with these keys, signed by the root key: agents take it over from any older one. */
export async function publishKeySet(
  tx: Transaction,
  next: { current: SigningKeySet; keys: SigningKeySet['keys']; at: Date; rootPrivateJwk: Ed25519PrivateJwk },
): Promise<SigningKeySet> {
  const keySet = { version: next.current.version + 1, issued_at: next.at.toISOString(), keys: next.keys };
  await replaceKeySet(tx, await signKeySet({ keySet, rootPrivateJwk: next.rootPrivateJwk }));
  return keySet;
}
