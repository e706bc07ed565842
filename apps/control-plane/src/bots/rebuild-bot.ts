import { DomainError, type RebuildAccepted } from '@trawling/contracts';
import { declareOldMachinesGone, insertWantedMachine, lockMachines, notify, oldMachinesLeft, raiseGeneration, supersedeCredentials } from '@trawling/database';
import type { Change } from '../change/change.js';
import { lockBotForChange, type Preconditions } from '../change/lock-bot-for-change.js';
import { reissue } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';

export type RebuildBotInput = Preconditions & {
  botId: string;
  /** Somebody knows what the provider cannot tell us: nothing of the older machines runs any more. */
  oldMachineGone: boolean;
};

/**
 * A new machine in place of the one that is there: the next generation is wanted, and the credentials of the ones before
 * end with this commit, so that a machine that can be reached stops trading. One that cannot be reached goes on under its
 * offline policy, so the new version does not trade until the old machine is confirmed gone (`releaseTrading`).
 * Throws DomainError `forbidden` when an owner claims that the old machine is gone.
 */
export async function rebuildBot(deps: VersionDeps, change: Change, input: RebuildBotInput): Promise<RebuildAccepted> {
  const { botId, oldMachineGone } = input;
  if (oldMachineGone && change.caller.ownerId !== null) {
    throw new DomainError('forbidden', 'Only those who run the fleet may say that a machine is gone');
  }
  // Machines before the bot, as the provisioner locks them.
  await lockMachines(change.tx, botId);
  const bot = await lockBotForChange(change, botId, input);
  const generation = await raiseGeneration(change.tx, botId, change.at);
  await insertWantedMachine(change.tx, { botId, generation, reason: 'The bot was rebuilt' });
  if (oldMachineGone) await declareOldMachinesGone(change.tx, botId, `${change.actor} said that nothing of the machine runs any more`);
  await supersedeCredentials(change.tx, botId, change.at);
  await notify(change.tx, { topic: 'credential', ids: [botId] });

  const about = { generation, ...(oldMachineGone ? { old_machine_gone: true } : {}) };
  const accepted = await reissue(deps, change, { bot, paused: bot.paused, reason: 'machine', action: 'rebuild-bot', about });
  change.wakeMachine(botId);
  const left = await oldMachinesLeft(change.tx, botId);
  const message = `the bot does not trade until its old machine (generation ${left.map((machine) => machine.generation).join(', ')}) is confirmed gone`;
  return { ...accepted, generation, warnings: left.length > 0 ? [{ path: 'machine', message }] : [] };
}
