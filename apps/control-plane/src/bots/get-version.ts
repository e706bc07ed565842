import type { VersionView } from '@trawling/contracts';
import { findAck, type Transaction } from '@trawling/database';
import type { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import { storedVersion } from '../change/save-version.js';
import { storedSettings } from './bot-settings-input.js';
import { findVisibleBot } from './find-visible-bot.js';
import { versionSummary } from './list-versions.js';

/** One snapshot with the settings it was made of. Throws DomainError `bot-not-found` or `version-not-found`. */
export async function getVersion(
  deps: { db: Transaction },
  input: { caller: Caller; botId: string; version: number },
): Promise<z.infer<typeof VersionView>> {
  await findVisibleBot(deps, input);
  const { row, payload } = await storedVersion(deps.db, input.botId, input.version);
  const ack = await findAck(deps.db, input.botId, input.version);
  return { ...versionSummary({ ...row, ack }), settings: storedSettings(row.settings), payload };
}
