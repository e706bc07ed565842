import { type Ed25519PrivateJwk, generateEd25519, jwkThumbprint, type Keyring } from '@trawling/crypto';
import { activeControlPlaneKeys, insertAuditEntry, insertControlPlaneKey, lockSigningKeys, notify, type Transaction } from '@trawling/database';
import { currentKeySet, publishKeySet } from './key-set.js';
import { keyContext } from './load-keys.js';

export type KeyChangeDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  keyring: Keyring;
  now: () => Date;
  newId: () => string;
};

export type NewSigningKey = { kid: string; key_set_version: number };

/**
 * Makes a new signing key and puts it into the key set beside the others. From its commit on every process of the control
 * plane signs with it; what was signed before stays good until the old key is retired. `resign` comes after it.
 */
export async function addSigningKey(deps: KeyChangeDeps, input: { rootPrivateJwk: Ed25519PrivateJwk }): Promise<NewSigningKey> {
  const { rootPrivateJwk } = input;
  return deps.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const current = await currentKeySet(tx, rootPrivateJwk);
    const { publicJwk, privateJwk } = generateEd25519();
    const kid = jwkThumbprint(publicJwk);
    const at = await laterThanAll(tx, deps.now());
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
async function laterThanAll(tx: Transaction, now: Date): Promise<Date> {
  const [newest] = await activeControlPlaneKeys(tx, 'signing');
  return newest && newest.createdAt >= now ? new Date(newest.createdAt.getTime() + 1) : now;
}

export async function auditKeys(deps: KeyChangeDeps, tx: Transaction, entry: { action: string; before: object; after: object }): Promise<void> {
  await insertAuditEntry(tx, { ...entry, id: deps.newId(), botId: null, actor: 'admin-cli', requestId: null });
}
