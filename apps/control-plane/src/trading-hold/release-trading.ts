import { lockBot, oldMachinesLeft, type Transaction } from '@trawling/database';
import type { Logger } from '@trawling/runtime';
import type { Change } from '../change/change.js';
import { reissue } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';

export type ReleaseTradingDeps = VersionDeps & {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  now: () => Date;
  logger: Logger;
};

/** In audit rows and versions: nobody asked for it, the old machine's end did. */
const ACTOR = 'control-plane';

/**
 * Brings the desired version in line with the bot's old machines: once the last one is confirmed gone the bot gets a
 * version that trades again, and should one turn up after all, one that does not. Looked at again under the bot's lock, so
 * it may be asked for at any time by any number of processes.
 */
export async function releaseTrading(deps: ReleaseTradingDeps, input: { botId: string }): Promise<void> {
  const { botId } = input;
  const logged: (() => void)[] = [];
  await deps.transaction(async (tx) => {
    const bot = await lockBot(tx, botId);
    if (!bot || bot.decommissionRequestedAt || bot.paused) return;
    const held = (await oldMachinesLeft(tx, botId)).length > 0;
    if (held === bot.tradingHeld) return;
    const change: Change = {
      tx,
      caller: { keyId: ACTOR, role: 'admin', ownerId: null },
      actor: ACTOR,
      requestId: null,
      at: deps.now(),
      wakeMachine: () => undefined,
      log: (details, message) => logged.push(() => deps.logger.info(details, message)),
    };
    await reissue(deps, change, { bot, paused: false, reason: 'machine', action: held ? 'hold-trading' : 'release-trading' });
  });
  for (const log of logged) log();
}
