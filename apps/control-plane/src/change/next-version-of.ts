import { type DesiredBot, highestReportedVersion } from '@trawling/database';
import { nextVersion } from '@trawling/domain';
import type { Change } from './change.js';

/** The number of the locked bot's next version: above all that it was given and all that it spoke of. */
export async function nextVersionOf(change: Pick<Change, 'tx'>, bot: Pick<DesiredBot, 'id' | 'desiredVersion'>): Promise<number> {
  const highestReported = await highestReportedVersion(change.tx, bot.id);
  return nextVersion({ desired: bot.desiredVersion, highestReported });
}
