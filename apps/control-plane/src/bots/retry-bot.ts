import { type ChangeAccepted, DomainError } from '@trawling/contracts';
import { type BotOverview, findBotOverview, lockMachines, wantFailedMachine } from '@trawling/database';
import { audit } from '../change/audit.js';
import type { Change } from '../change/change.js';
import { lockBotForChange, type Preconditions } from '../change/lock-bot-for-change.js';
import { reissue, unchanged } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';
import { healthOf, syncOf } from './bot-view.js';

/**
 * The same content as a new version, for a bot that will not come right by itself: its last word on the desired version
 * was `failed`, it runs something else (drift; a restored database), or it is not healthy, e.g. because OpenClaw
 * disabled a job. A machine that nobody tries to make any more is wanted again, without a new version.
 * Throws DomainError `nothing-to-retry`.
 */
export async function retryBot(deps: VersionDeps, change: Change, input: Preconditions & { botId: string }): Promise<ChangeAccepted> {
  // Machines before the bot, as the provisioner locks them.
  await lockMachines(change.tx, input.botId);
  const bot = await lockBotForChange(change, input.botId, input);
  const machineWanted = await wantFailedMachine(change.tx, bot.id, 'Somebody asked for another attempt');
  if (machineWanted) change.wakeMachine(bot.id);
  const seen = await findBotOverview(change.tx, bot.id);
  if (!seen || !needsRetry(seen)) {
    if (machineWanted) {
      await audit(deps, change, { botId: bot.id, action: 'retry-machine', before: { state: 'failed' }, after: { state: 'wanted' } });
      return { ...(await unchanged(change, bot)), changed: true };
    }
    throw new DomainError('nothing-to-retry', `The bot did not say that version ${bot.desiredVersion} failed, drifted or left it unhealthy, and its machine has not failed`);
  }
  return reissue(deps, change, { bot, paused: bot.paused, reason: 'retry', action: 'retry-bot' });
}

function needsRetry(bot: BotOverview): boolean {
  const { status } = syncOf(bot);
  if (status === 'failed' || status === 'drifted') return true;
  return status === 'synced' && (healthOf(bot)?.status ?? 'healthy') !== 'healthy';
}
