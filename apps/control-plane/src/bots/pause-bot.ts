import type { ChangeAccepted } from '@trawling/contracts';
import { findNewestMachine } from '@trawling/database';
import type { Change } from '../change/change.js';
import { lockBotForChange, type Preconditions } from '../change/lock-bot-for-change.js';
import { reissue, unchanged } from '../change/reissue.js';
import type { VersionDeps } from '../change/save-version.js';
import { isBilled } from './machine-view.js';

/**
 * Pause is desired state, not a command that can get lost: a new version with the trading jobs disabled. The risk
 * check keeps running, and so does the machine: a provider bills one that is switched off just the same. Pausing a paused
 * bot changes nothing.
 */
export async function pauseBot(deps: VersionDeps, change: Change, input: Preconditions & { botId: string }): Promise<ChangeAccepted> {
  const bot = await lockBotForChange(change, input.botId, input);
  if (bot.paused) return unchanged(change, bot);
  const accepted = await reissue(deps, change, { bot, paused: true, reason: 'pause', action: 'pause-bot' });
  const machine = await findNewestMachine(change.tx, bot.id);
  return { ...accepted, warnings: machine && isBilled(machine) ? [{ path: 'machine', message: STILL_BILLED }] : [] };
}

const STILL_BILLED = 'the bot stops trading, its machine keeps running and is billed, as it would be switched off: decommission the bot to stop paying';
