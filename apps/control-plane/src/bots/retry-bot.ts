import { type ChangeAccepted, DomainError } from '@trawling/contracts';
import { type BotOverview, findBotOverview } from '@trawling/database';
import type { Change } from '../change/change.js';
import { lockBotForChange, type Preconditions } from '../change/lock-bot-for-change.js';
import { reissue } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';
import { healthOf, syncOf } from './bot-view.js';

/**
 * The same content as a new version, for a bot that will not come right by itself: its last word on the desired version
 * was `failed`, it runs something else (drift; a restored database), or it is not healthy, e.g. because OpenClaw
 * disabled a job. Throws DomainError `nothing-to-retry`.
 */
export async function retryBot(deps: VersionDeps, change: Change, input: Preconditions & { botId: string }): Promise<ChangeAccepted> {
  const bot = await lockBotForChange(change, input.botId, input);
  const seen = await findBotOverview(change.tx, bot.id);
  if (!seen || !needsRetry(seen)) {
    throw new DomainError('nothing-to-retry', `The bot did not say that version ${bot.desiredVersion} failed, drifted or left it unhealthy`);
  }
  return reissue(deps, change, { bot, paused: bot.paused, reason: 'retry', action: 'retry-bot' });
}

function needsRetry(bot: BotOverview): boolean {
  const { status } = syncOf(bot);
  if (status === 'failed' || status === 'drifted') return true;
  return status === 'synced' && (healthOf(bot)?.status ?? 'healthy') !== 'healthy';
}
