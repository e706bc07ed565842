import { CompactJose, type Ed25519PublicJwk, type SigningKeySet } from '@trawling/contracts';
import { CryptoError, verifyKeySet } from '@trawling/crypto';
import { z } from 'zod';
import { type Host } from '../host.js';
import { openJsonFile } from '../state/json-file.js';

const StoredKeySet = z.object({ key_set: CompactJose });

export interface KeySetKeeper {
  current(): SigningKeySet | null;
  /** Takes over a set the root key signed, unless a newer one is held. Throws CryptoError. */
  accept(jws: string): Promise<SigningKeySet>;
  /** Asks for the set anew. Throws SyncError, CryptoError. */
  refresh(): Promise<SigningKeySet>;
}

/** The signing keys this machine trusts: only what the root key pinned at provisioning signed, never an older set. */
export async function openKeySet(deps: {
  host: Host;
  path: string;
  rootPublicJwk: Ed25519PublicJwk;
  fetchKeySet(): Promise<{ key_set: string }>;
  /** Told of every set that is not what the root key last signed, before the error is thrown. */
  onRefused?(error: CryptoError): void;
}): Promise<KeySetKeeper> {
  const file = await openJsonFile(deps.host, deps.path, StoredKeySet);
  let current: SigningKeySet | null = null;

  const verified = async (jws: string): Promise<SigningKeySet> => {
    try {
      return await verifyKeySet({ jws, rootPublicJwk: deps.rootPublicJwk, minVersion: current?.version ?? 0 });
    } catch (error) {
      if (error instanceof CryptoError) deps.onRefused?.(error);
      throw error;
    }
  };

  const accept = async (jws: string): Promise<SigningKeySet> => {
    const keySet = await verified(jws);
    if (current === null || keySet.version > current.version) {
      await file.write({ key_set: jws });
      current = keySet;
    }
    return current;
  };

  const stored = file.current();
  if (stored) current = await verifyKeySet({ jws: stored.key_set, rootPublicJwk: deps.rootPublicJwk, minVersion: 0 }).catch(() => null);

  return {
    current: () => current,
    accept,
    refresh: async () => accept((await deps.fetchKeySet()).key_set),
  };
}
