import type { SecretAccepted } from '@trawling/contracts';
import { currentSecrets, eraseOlderSecrets } from '@trawling/database';
import { secretReferences } from '@trawling/domain';
import type { z } from 'zod';
import { audit } from '../change/audit.js';
import type { Change } from '../change/change.js';
import { lockBotForChange } from '../change/lock-bot-for-change.js';
import { reissue, unchanged } from '../change/reissue.js';
import { generateVersion, storedVersion, type VersionDeps } from '../change/save-version.js';
import { storedSettings } from '../bots/bot-settings-input.js';
import { openSecret, storeSecret, type StoreSecretDeps } from './store-secret.js';

export type PutSecretDeps = VersionDeps & StoreSecretDeps;

/**
 * A new value of a secret; the ones before are forgotten: a rollback takes the newest. When the settings refer to it the bot gets a new version that names the new value, else the
 * value waits until they do. The same value again changes nothing.
 */
export async function putSecret(
  deps: PutSecretDeps,
  change: Change,
  input: { botId: string; name: string; value: string; ifMatch: string | undefined },
): Promise<z.infer<typeof SecretAccepted>> {
  const { botId, name, value } = input;
  const bot = await lockBotForChange(change, botId, input);
  const current = (await currentSecrets(change.tx, botId)).find((secret) => secret.name === name);
  if (current && openSecret(deps, botId, current).value === value) {
    return { ...(await unchanged(change, bot)), secret: { name, version: current.version } };
  }
  const version = await storeSecret(deps, change, { botId, name, value });
  const secret = { name, version };
  const settings = storedSettings(bot.settings);
  const next = await generateVersion(change, { botId, version: bot.desiredVersion + 1, settings, paused: bot.paused });
  if (secretReferences(next).some((reference) => reference.secret === name)) {
    const accepted = await reissue(deps, change, { bot, paused: bot.paused, reason: 'secret', action: 'put-secret', about: { secret } });
    await eraseOlderSecrets(change.tx, botId, name, version);
    return { ...accepted, secret };
  }
  await forgetUnused(change, { botId, name, version, desiredVersion: bot.desiredVersion });
  const before = { version: bot.desiredVersion, secret: current ? { name, version: current.version } : null };
  await audit(deps, change, { botId, action: 'put-secret', before, after: { version: bot.desiredVersion, secret } });
  const warnings = [{ path: name, message: 'nothing in the settings refers to this secret yet' }];
  return { ...(await unchanged(change, bot)), changed: true, warnings, secret };
}

/** Values before the new one, but not the one that the desired version names: its machine may still ask for it. */
async function forgetUnused(change: Change, of: { botId: string; name: string; version: number; desiredVersion: number }): Promise<void> {
  const { payload } = await storedVersion(change.tx, of.botId, of.desiredVersion);
  const named = secretReferences(payload).filter(({ secret }) => secret === of.name).map((reference) => reference.version);
  await eraseOlderSecrets(change.tx, of.botId, of.name, Math.min(of.version, ...named));
}
