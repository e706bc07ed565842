import { DomainError, type SecretAccepted } from '@trawling/contracts';
import { currentSecrets, eraseSecret, notify } from '@trawling/database';
import { secretReferences } from '@trawling/domain';
import type { z } from 'zod';
import { audit } from '../change/audit.js';
import type { Change } from '../change/change.js';
import { lockBotForChange } from '../change/lock-bot-for-change.js';
import { reissue, unchanged } from '../change/reissue.js';
import { storedVersion, type VersionDeps } from '../change/save-version.js';

/**
 * Erases every value of a secret. When the desired version refers to it the bot gets a new one without the reference.
 * Throws DomainError `secret-not-found`.
 */
export async function deleteSecret(
  deps: VersionDeps,
  change: Change,
  input: { botId: string; name: string; ifMatch: string | undefined },
): Promise<z.infer<typeof SecretAccepted>> {
  const { botId, name } = input;
  const bot = await lockBotForChange(change, botId, input);
  const current = (await currentSecrets(change.tx, botId)).find((secret) => secret.name === name);
  if (!current) throw new DomainError('secret-not-found', `Bot ${botId} has no secret ${name}`);
  const { payload } = await storedVersion(change.tx, botId, bot.desiredVersion);
  await eraseSecret(change.tx, botId, name, change.at);
  await notify(change.tx, { topic: 'secrets', ids: [botId] });

  if (secretReferences(payload).some((reference) => reference.secret === name)) {
    const about = { secret: { name, deleted: true } };
    const accepted = await reissue(deps, change, { bot, paused: bot.paused, reason: 'secret', action: 'delete-secret', about });
    return { ...accepted, secret: null };
  }
  const before = { version: bot.desiredVersion, secret: { name, version: current.version } };
  await audit(deps, change, { botId, action: 'delete-secret', before, after: { version: bot.desiredVersion, secret: null } });
  return { ...(await unchanged(change, bot)), changed: true, secret: null };
}
