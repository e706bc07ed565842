import type { ChangeAccepted, VersionReason } from '@trawling/contracts';
import type { DesiredBot } from '@trawling/database';
import { storedSettings } from '../bots/bot-settings-input.js';
import { audit } from './audit.js';
import type { Change } from './change.js';
import { nextVersionOf } from './next-version-of.js';
import { restoreContent } from './restore-content.js';
import { generateVersion, saveVersion, storedVersion, type VersionDeps } from './save-version.js';

/** The desired content once more as a new version, with another pause state or with the secrets of now. */
export async function reissue(
  deps: VersionDeps,
  change: Change,
  input: { bot: DesiredBot; paused: boolean; reason: VersionReason; action: string; about?: Record<string, unknown> },
): Promise<ChangeAccepted> {
  const { bot, paused, reason, action, about } = input;
  const current = await storedVersion(change.tx, bot.id, bot.desiredVersion);
  const settings = storedSettings(bot.settings);
  const version = await nextVersionOf(change, bot);

  const { runtime } = current.payload;
  const fresh = await generateVersion(change, { botId: bot.id, version, settings, paused, runtime });
  const payload = restoreContent(current.payload, fresh);
  await saveVersion(deps, change, { payload, settings, paused, reason });
  await audit(deps, change, {
    botId: bot.id,
    action,
    before: { version: bot.desiredVersion, paused: bot.paused },
    after: { version, paused, ...about },
  });
  return { bot_id: bot.id, desired_version: version, hash: payload.hash, changed: true, warnings: [] };
}

/** Answer to a change that is already so. */
export async function unchanged(change: Change, bot: DesiredBot): Promise<ChangeAccepted> {
  const { row } = await storedVersion(change.tx, bot.id, bot.desiredVersion);
  return { bot_id: bot.id, desired_version: row.version, hash: row.hash, changed: false, warnings: [] };
}
