import { type Ed25519PrivateJwk } from '@trawling/crypto';
import { activeControlPlaneKeys, countSignedByNone, lockSigningKeys, notify, retireControlPlaneKey } from '@trawling/database';
import { currentKeySet, publishKeySet } from './key-set.js';
import { auditKeys, type KeyChangeDeps } from './rotate-signing-key.js';

/**
 * Takes a signing key out of the key set and forgets its private half: agents that hear of it accept nothing more that it
 * signed. Throws a sentence when it is the key that signs now, or when something current is signed by it alone.
 */
export async function retireSigningKey(
  deps: KeyChangeDeps,
  input: { kid: string; rootPrivateJwk: Ed25519PrivateJwk },
): Promise<{ kid: string; key_set_version: number }> {
  const { kid, rootPrivateJwk } = input;
  return deps.transaction(async (tx) => {
    await lockSigningKeys(tx);
    const current = await currentKeySet(tx, rootPrivateJwk);
    const active = (await activeControlPlaneKeys(tx, 'signing')).map((key) => key.kid);
    if (!active.includes(kid)) throw new Error(`There is no signing key ${kid} in use`);
    if (active[0] === kid) throw new Error(`${kid} is the key that signs now: run "admin rotate-signing-key" first`);
    const needed = await countSignedByNone(tx, active.filter((other) => other !== kid));
    if (needed.configs + needed.secrets > 0) {
      throw new Error(`${needed.configs} configs and ${needed.secrets} sealed secrets are signed by ${kid} alone: run "admin resign" first`);
    }
    const at = deps.now();
    await retireControlPlaneKey(tx, kid, at);
    const keys = current.keys.filter((key) => key.kid !== kid);
    const { version } = await publishKeySet(tx, { current, keys, at, rootPrivateJwk });
    await auditKeys(deps, tx, { action: 'retire-signing-key', before: { key_set_version: current.version, kid }, after: { key_set_version: version } });
    await notify(tx, { topic: 'keys', ids: null });
    return { kid, key_set_version: version };
  });
}
