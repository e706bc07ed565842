import { activeCredentials, type CurrentSecret, currentSecrets, insertSecret, nextSecretVersion, notify, type Transaction } from '@trawling/database';
import type { Change } from '../change/change.js';
import type { Keyring } from '@trawling/crypto';
import type { SigningKeySource } from '../installation/load-keys.js';
import { type OpenSecret, sealSecrets } from './seal-secrets.js';

export type StoreSecretDeps = { keyring: Keyring; signingKey: SigningKeySource };

/** What binds a stored secret to its place: an envelope moved to another bot, name or version does not open. */
export const secretContext = (botId: string, { name, version }: { name: string; version: number }) => ({ bot_id: botId, name, version });

/** A new version of a secret: wrapped for us, sealed to each machine that may have it. Returns the version. */
export async function storeSecret(
  deps: StoreSecretDeps,
  change: Change,
  secret: { botId: string; name: string; value: string },
): Promise<number> {
  const { botId, name, value } = secret;
  const { tx, at } = change;
  const version = await nextSecretVersion(tx, botId, name);
  const ciphertext = deps.keyring.wrap(value, secretContext(botId, { name, version }));
  await insertSecret(tx, { botId, name, version, ciphertext, createdAt: at });

  const credentials = await activeCredentials(tx, botId);
  await sealSecrets(deps, tx, { botId, secrets: [{ name, version, value }], credentials });
  await notify(tx, { topic: 'secrets', ids: [botId] });
  return version;
}

/** The value of a stored secret. Only the control plane can do this; nothing but sealing and comparing may use it. */
export function openSecret(deps: { keyring: Keyring }, botId: string, secret: CurrentSecret): OpenSecret {
  const { name, version, ciphertext } = secret;
  return { name, version, value: deps.keyring.unwrap(ciphertext, secretContext(botId, secret)).toString('utf8') };
}

/** Every secret the bot has, opened. */
export async function openSecrets(deps: { keyring: Keyring }, tx: Transaction, botId: string): Promise<OpenSecret[]> {
  return (await currentSecrets(tx, botId)).map((secret) => openSecret(deps, botId, secret));
}
