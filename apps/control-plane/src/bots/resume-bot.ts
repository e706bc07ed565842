import type { ChangeAccepted } from '@trawling/contracts';
import type { Change } from '../change/change.js';
import { lockBotForChange, type Preconditions } from '../change/lock-bot-for-change.js';
import { reissue, unchanged } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';

/** The trading jobs of a paused bot run again, as a new version. Resuming a bot that is not paused changes nothing. */
export async function resumeBot(deps: VersionDeps, change: Change, input: Preconditions & { botId: string }): Promise<ChangeAccepted> {
  const bot = await lockBotForChange(change, input.botId, input);
  if (!bot.paused) return unchanged(change, bot);
  return reissue(deps, change, { bot, paused: false, reason: 'resume', action: 'resume-bot' });
}
