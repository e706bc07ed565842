import { Ed25519PublicJwk, type X25519PublicJwk } from '@trawling/contracts';
import { type Ed25519PrivateJwk, generateEd25519, generateX25519, jwkThumbprint, type Keyring, signKeySet } from '@trawling/crypto';
import {
  adoptFleet,
  findInstallation,
  insertAuditEntry,
  insertControlPlaneKey,
  insertInstallation,
  type KeyPurpose,
  lockInstallation,
  type Transaction,
} from '@trawling/database';
import { ADMIN_ACTOR } from './admin-actor.js';
import { keyContext, loadKeys } from './load-keys.js';

export type InitInstallationDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  keyring: Keyring;
  now: () => Date;
  newId: () => string;
};

export type InitResult = { installation_id: string; queue_backend: string; root_public_jwk: Ed25519PublicJwk; created: boolean };

/**
 * Makes a database an installation: its id, signing and token-sealing keys, and the key set signed by the root key,
 * whose private half is used here and stored nowhere. Again with the same root key and queue changes nothing; with
 * others it throws.
 */
export async function initInstallation(
  deps: InitInstallationDeps,
  input: { rootPrivateJwk: Ed25519PrivateJwk; queueBackend: 'redis' | 'postgres' },
): Promise<InitResult> {
  const rootPublicJwk = Ed25519PublicJwk.parse(input.rootPrivateJwk);
  return deps.transaction(async (tx) => {
    await lockInstallation(tx);
    const existing = await findInstallation(tx);
    if (existing) {
      await checkSame(deps, tx, { existing, rootPublicJwk, queueBackend: input.queueBackend });
      return { installation_id: existing.id, queue_backend: existing.queueBackend, root_public_jwk: rootPublicJwk, created: false };
    }
    const createdAt = deps.now();
    const signing = generateEd25519();
    const sealing = generateX25519();
    const kid = await storeKey(deps, tx, 'signing', signing, createdAt);
    await storeKey(deps, tx, 'token-sealing', sealing, createdAt);
    const keys = { version: 1, issued_at: createdAt.toISOString(), keys: [{ kid, jwk: signing.publicJwk }] };
    const keySet = await signKeySet({ keySet: keys, rootPrivateJwk: input.rootPrivateJwk });
    const id = deps.newId();
    const { queueBackend } = input;
    await insertInstallation(tx, { id, queueBackend, rootPublicJwk, tokenSealingJwk: sealing.publicJwk, keySet, createdAt });
    // Before there can be a dump of it: whatever is restored from one, with whichever token, is told from this database.
    await adoptFleet(tx);
    const after = { installation_id: id, queue_backend: queueBackend, signing_kid: kid };
    await insertAuditEntry(tx, { id: deps.newId(), botId: null, actor: ADMIN_ACTOR, action: 'init', before: null, after, requestId: null });
    return { installation_id: id, queue_backend: queueBackend, root_public_jwk: rootPublicJwk, created: true };
  });
}

async function storeKey(
  deps: InitInstallationDeps,
  tx: Transaction,
  purpose: KeyPurpose,
  pair: { publicJwk: Ed25519PublicJwk | X25519PublicJwk; privateJwk: object },
  createdAt: Date,
): Promise<string> {
  const kid = jwkThumbprint(pair.publicJwk);
  const privateKey = deps.keyring.wrap(JSON.stringify(pair.privateJwk), keyContext(kid));
  await insertControlPlaneKey(tx, { kid, purpose, publicJwk: pair.publicJwk, privateKey, createdAt });
  return kid;
}

async function checkSame(
  deps: InitInstallationDeps,
  tx: Transaction,
  { existing, rootPublicJwk, queueBackend }: {
    existing: { rootPublicJwk: unknown; queueBackend: string };
    rootPublicJwk: Ed25519PublicJwk;
    queueBackend: string;
  },
): Promise<void> {
  if (Ed25519PublicJwk.parse(existing.rootPublicJwk).x !== rootPublicJwk.x) {
    throw new Error('This database holds an installation that was made with another root key, which its machines pin: use that key (npm start: that --state-dir), or an empty database');
  }
  if (existing.queueBackend !== queueBackend) {
    throw new Error(`This installation uses ${existing.queueBackend} for its queue, not ${queueBackend}`);
  }
  await loadKeys({ db: tx, keyring: deps.keyring });
}
