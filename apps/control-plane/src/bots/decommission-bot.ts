import { type DecommissionAccepted, DomainError } from '@trawling/contracts';
import { lockBot, notify, requestDecommission } from '@trawling/database';
import { maySee } from '../auth/caller.js';
import { audit } from '../change/audit.js';
import type { Change } from '../change/change.js';
import { checkPreconditions } from '../change/lock-bot-for-change.js';

/**
 * Wishes the bot and its machine away. The machine's credential ends at once; the row and its history stay readable.
 * Asking again gives the same answer. Throws DomainError `bot-not-found` or `precondition-failed`.
 */
export async function decommissionBot(
  deps: { newId: () => string },
  change: Change,
  input: { botId: string; ifMatch: string | undefined },
): Promise<DecommissionAccepted> {
  const { botId } = input;
  const bot = await lockBot(change.tx, botId);
  if (!bot || !maySee(change.caller, bot)) throw new DomainError('bot-not-found', `No bot ${botId}`);
  if (!bot.decommissionRequestedAt) {
    checkPreconditions(bot.desiredVersion, input);
    await requestDecommission(change.tx, botId, change.at);
    await notify(change.tx, { topic: 'credential', ids: [botId] });
    change.log({ bot_id: botId }, 'the bot is to be decommissioned');
    const after = { decommission_requested_at: change.at };
    await audit(deps, change, { botId, action: 'decommission-bot', before: { version: bot.desiredVersion }, after });
  }
  if (!bot.decommissionedAt) change.wakeMachine(botId);
  const at = bot.decommissionRequestedAt ?? change.at;
  return { bot_id: botId, decommission_requested_at: at.toISOString() };
}
