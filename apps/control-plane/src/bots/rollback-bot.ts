import type { ChangeAccepted } from '@trawling/contracts';
import { currentSecrets } from '@trawling/database';
import { confirmLive } from '@trawling/domain';
import { audit } from '../change/audit.js';
import type { Change } from '../change/change.js';
import { lockBotForChange } from '../change/lock-bot-for-change.js';
import { nextVersionOf } from '../change/next-version-of.js';
import { restoreContent } from '../change/restore-content.js';
import { generateVersion, saveVersion, storedVersion, type VersionDeps } from '../change/save-version.js';
import { checkExtras, settingsWarnings, storedSettings } from './bot-settings-input.js';

export type RollbackBotInput = {
  botId: string;
  /** The version whose settings and content come back. */
  toVersion: number;
  confirmLive: boolean;
  ifMatch: string | undefined;
  expectedVersion: number | undefined;
};

/**
 * Goes forward to an old state: a new, higher version with the settings and the content of an older one. The secrets
 * keep their newest versions, the agent its newest build, and a paused bot stays paused. Throws DomainError `version-not-found`,
 * `live-needs-confirmation` when it would turn live trading on, `openclaw-path-not-allowed` when the allow-list is
 * narrower today.
 */
export async function rollbackBot(deps: VersionDeps, change: Change, input: RollbackBotInput): Promise<ChangeAccepted> {
  const { botId, toVersion } = input;
  const bot = await lockBotForChange(change, botId, input);
  const target = await storedVersion(change.tx, botId, toVersion);
  const before = storedSettings(bot.settings);
  const settings = storedSettings(target.row.settings);
  checkExtras(settings.openclaw);
  confirmLive({ before, after: settings, confirmLive: input.confirmLive });
  const version = await nextVersionOf(change, bot);

  const { runtime } = (await storedVersion(change.tx, botId, bot.desiredVersion)).payload;
  const fresh = await generateVersion(change, { botId, version, settings, paused: bot.paused, runtime });
  const payload = restoreContent(target.payload, fresh);
  await saveVersion(deps, change, { payload, settings, paused: bot.paused, reason: 'rollback' });
  await audit(deps, change, {
    botId,
    action: 'rollback-bot',
    before: { version: bot.desiredVersion, settings: before },
    after: { version, restored_version: toVersion, settings },
  });
  const warnings = settingsWarnings(settings, await currentSecrets(change.tx, botId));
  return { bot_id: botId, desired_version: version, hash: payload.hash, changed: true, warnings };
}
