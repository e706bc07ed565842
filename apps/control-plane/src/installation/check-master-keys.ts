import { type Keyring } from '@trawling/crypto';
import { countEnvelopes, type Transaction } from '@trawling/database';
import { type Logger } from '@trawling/runtime';

/** Says at start what would otherwise show one secret at a time: that a master key was taken away too early. */
export async function reportMissingMasterKeys(deps: { db: Transaction; keyring: Keyring; logger: Logger }): Promise<void> {
  const missing = (await countEnvelopes(deps.db)).filter(({ keyId }) => !deps.keyring.keyIds.includes(keyId));
  for (const { keyId, secrets } of missing) {
    deps.logger.error({ master_key_id: keyId, secrets }, 'secrets are wrapped with a master key that is not in MASTER_KEYS: put it back and run "admin rewrap"');
  }
}
