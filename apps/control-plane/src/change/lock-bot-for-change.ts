import { DomainError } from '@trawling/contracts';
import { type DesiredBot, lockBot } from '@trawling/database';
import { maySee } from '../auth/caller.js';
import type { Change } from './change.js';

/** What the caller believes the bot's desired version to be. */
export type Preconditions = {
  /** Header If-Match: entity tags of GET /bots/{id}, or `*`. */
  ifMatch?: string | undefined;
  expectedVersion?: number | undefined;
};

/** Entity tag of GET /bots/{id}: it names the desired version, so it changes with every change of the settings. */
export const botEtag = (desiredVersion: number): string => `"v${desiredVersion}"`;

/**
 * The bot, locked, if the caller may change it now. Throws DomainError `bot-not-found` (also for another owner's bot),
 * `bot-decommissioned`, `precondition-failed` (If-Match) or `version-conflict` (expected_version), in this order.
 */
export async function lockBotForChange(change: Change, botId: string, preconditions: Preconditions = {}): Promise<DesiredBot> {
  const bot = await lockBot(change.tx, botId);
  if (!bot || !maySee(change.caller, bot)) throw new DomainError('bot-not-found', `No bot ${botId}`);
  if (bot.decommissionRequestedAt) throw new DomainError('bot-decommissioned', `Bot ${botId} is decommissioned; it can only be read`);
  checkPreconditions(bot.desiredVersion, preconditions);
  return bot;
}

/** Throws DomainError `precondition-failed` or `version-conflict`. */
export function checkPreconditions(desiredVersion: number, { ifMatch, expectedVersion }: Preconditions): void {
  const extensions = { desired_version: desiredVersion };
  if (ifMatch !== undefined && !matches(ifMatch, botEtag(desiredVersion))) {
    throw new DomainError('precondition-failed', `The bot is at version ${desiredVersion}`, extensions);
  }
  if (expectedVersion !== undefined && expectedVersion !== desiredVersion) {
    throw new DomainError('version-conflict', `The bot is at version ${desiredVersion}, not ${expectedVersion}`, extensions);
  }
}

/** RFC 9110: If-Match compares strongly, so a weak tag never matches. */
function matches(ifMatch: string, etag: string): boolean {
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  return tags.includes('*') || tags.includes(etag);
}
