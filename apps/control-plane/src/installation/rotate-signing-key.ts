import { type Ed25519PrivateJwk, generateEd25519, jwkThumbprint, type Keyring } from '@trawling/crypto';
import { activeControlPlaneKeys, insertAuditEntry, insertControlPlaneKey, lockSigningKeys, notify, type Transaction } from '@trawling/database';
import { ADMIN_ACTOR } from './admin-actor.js';
import { currentKeySet, publishKeySet } from './key-set.js';
import { assertKeysOpen, keyContext } from './load-keys.js';

export type KeyChangeDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  keyring: Keyring;
  now: () => Date;
  newId: () => string;
};

export type NewSigningKey = { kid: string; key_set_version: number };

/**
 * Makes a new signing key and puts it into the key set beside the others. From its commit on every process of the control
 * plane signs with it; what was signed before stays good until the old key is retired. `resign` comes after it. Throws a sentence
 * when the keyring does not open the signing keys in use: no control plane could open what it wraps either.
 */
export async function addSigningKey(deps: KeyChangeDeps, input: { rootPrivateJwk: Ed25519PrivateJwk }): Promise<NewSigningKey> {
  const { rootPrivateJwk } = input;
  return deps.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const current = await currentKeySet(tx, rootPrivateJwk);
    const active = await activeControlPlaneKeys(tx, 'signing');
    assertKeysOpen(deps.keyring, active);
    const { publicJwk, privateJwk } = generateEd25519();
    const kid = jwkThumbprint(publicJwk);
    const at = laterThanAll(active, deps.now());
    const privateKey = deps.keyring.wrap(JSON.stringify(privateJwk), keyContext(kid));
    await insertControlPlaneKey(tx, { kid, purpose: 'signing', publicJwk, privateKey, createdAt: at });

    const keys = [...current.keys, { kid, jwk: publicJwk }];
    const { version } = await publishKeySet(tx, { current, keys, at, rootPrivateJwk });
    await auditKeys(deps, tx, { action: 'rotate-signing-key', before: { key_set_version: current.version }, after: { key_set_version: version, kid } });
    await notify(tx, { topic: 'keys', ids: null });
    return { kid, key_set_version: version };
  });
}

/** The newest key signs, also when the clock of whoever made the one before was ahead. */
function laterThanAll([newest]: readonly { createdAt: Date }[], now: Date): Date {
  return newest && newest.createdAt >= now ? new Date(newest.createdAt.getTime() + 1) : now;
}

export async function auditKeys(deps: KeyChangeDeps, tx: Transaction, entry: { action: string; before: object; after: object }): Promise<void> {
  await insertAuditEntry(tx, { ...entry, id: deps.newId(), botId: null, actor: ADMIN_ACTOR, requestId: null });
}
