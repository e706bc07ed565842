import type { ChangeAccepted } from '@trawling/contracts';
import type { Change } from '../change/change.js';
import { lockBotForChange, type Preconditions } from '../change/lock-bot-for-change.js';
import { reissue, unchanged } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';

/**
 * Pause is desired state, not a command that can get lost: a new version with the trading jobs disabled. The risk
 * check keeps running. Pausing a paused bot changes nothing.
 */
export async function pauseBot(deps: VersionDeps, change: Change, input: Preconditions & { botId: string }): Promise<ChangeAccepted> {
  const bot = await lockBotForChange(change, input.botId, input);
  if (bot.paused) return unchanged(change, bot);
  return reissue(deps, change, { bot, paused: true, reason: 'pause', action: 'pause-bot' });
}
