import { type BotView, DomainError } from '@trawling/contracts';
import { currentSecrets, findBotOverview, listAlerts, listMachines, type Transaction } from '@trawling/database';
import { type Caller, maySee } from '../auth/caller.js';
import { botView } from './bot-view.js';

/** Throws DomainError `bot-not-found`, also when the bot is another owner's. */
export async function getBot(deps: { db: Transaction }, input: { caller: Caller; botId: string }): Promise<BotView> {
  const { caller, botId } = input;
  const bot = await findBotOverview(deps.db, botId);
  if (!bot || !maySee(caller, { ownerId: bot.owner_id })) throw new DomainError('bot-not-found', `No bot ${botId}`);
  const [machines, secrets, alerts] = await Promise.all([
    listMachines(deps.db, botId),
    currentSecrets(deps.db, botId),
    listAlerts(deps.db, botId),
  ]);
  const [machine = null, ...older] = machines;
  const oldMachines = older.filter(({ state }) => state !== 'gone').reverse();
  return botView({ bot, machine, oldMachines, secrets, alerts });
}
