import { DomainError } from '@trawling/contracts';
import { type DesiredBot, findBot, type Transaction } from '@trawling/database';
import { type Caller, maySee } from '../auth/caller.js';

/** Throws DomainError `bot-not-found`, also when the bot is another owner's: that it exists is not theirs to know. */
export async function findVisibleBot(deps: { db: Transaction }, input: { caller: Caller; botId: string }): Promise<DesiredBot> {
  const bot = await findBot(deps.db, input.botId);
  if (!bot || !maySee(input.caller, bot)) throw new DomainError('bot-not-found', `No bot ${input.botId}`);
  return bot;
}
