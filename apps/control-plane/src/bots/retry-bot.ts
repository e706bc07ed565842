import { type ChangeAccepted, DomainError } from '@trawling/contracts';
import { findAck } from '@trawling/database';
import type { Change } from '../change/change.js';
import { lockBotForChange, type Preconditions } from '../change/lock-bot-for-change.js';
import { reissue } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';

/**
 * The same content as a new version, for a bot whose last word on the desired one was `failed`: agents do not try a
 * failed version again by themselves. Throws DomainError `nothing-to-retry`.
 */
export async function retryBot(deps: VersionDeps, change: Change, input: Preconditions & { botId: string }): Promise<ChangeAccepted> {
  const bot = await lockBotForChange(change, input.botId, input);
  const ack = await findAck(change.tx, bot.id, bot.desiredVersion);
  if (ack?.outcome !== 'failed') {
    throw new DomainError('nothing-to-retry', `The bot did not say that version ${bot.desiredVersion} failed`);
  }
  return reissue(deps, change, { bot, paused: bot.paused, reason: 'retry', action: 'retry-bot' });
}
