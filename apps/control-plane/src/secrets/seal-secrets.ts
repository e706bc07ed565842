import { X25519PublicJwk } from '@trawling/contracts';
import { sealSecret } from '@trawling/crypto';
import { insertSealedSecrets, type Transaction } from '@trawling/database';
import type { SigningKeySource } from '../installation/load-keys.js';

export type OpenSecret = { name: string; version: number; value: string };

/** Seals secrets to the keys of machines that may have them, so that the sync-adapter relays what it cannot open. */
export async function sealSecrets(
  deps: { signingKey: SigningKeySource },
  tx: Transaction,
  input: { botId: string; secrets: OpenSecret[]; credentials: { id: string; sealingJwk: unknown }[] },
): Promise<void> {
  const { botId, secrets, credentials } = input;
  const { kid, privateJwk: signingPrivateJwk } = await deps.signingKey(tx);
  const pairs = credentials.flatMap((credential) => secrets.map((secret) => ({ credential, secret })));
  const rows = await Promise.all(
    pairs.map(async ({ credential, secret: { name, version, value } }) => {
      const sealingJwk = X25519PublicJwk.parse(credential.sealingJwk);
      const payload = { bot_id: botId, name, version, value };
      const jwe = await sealSecret({ payload, kid, signingPrivateJwk, sealingJwk });
      return { botId, credentialId: credential.id, name, version, jwe, signedBy: kid };
    }),
  );
  await insertSealedSecrets(tx, rows);
}
