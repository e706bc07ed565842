import { ConfigVersionNumber, DomainError } from '@trawling/contracts';

/**
 * How far above the desired version a bot's word is believed. A database restored from an older dump lags by the
 * changes since; a bot that claims more than this must not use up the numbers.
 */
export const MAX_VERSIONS_AHEAD = 10_000;

/**
 * The number of a bot's next config version: above the desired one and above every version the bot ever spoke of, so
 * that a bot that knows more than a restored database takes it for news.
 * Throws DomainError `unavailable` when the numbers are used up.
 */
export function nextVersion({ desired, highestReported }: { desired: number; highestReported: number | null }): number {
  const believed = highestReported !== null && highestReported <= desired + MAX_VERSIONS_AHEAD ? highestReported : 0;
  const next = Math.max(desired, believed) + 1;
  if (!ConfigVersionNumber.safeParse(next).success) throw new DomainError('unavailable', 'There are no version numbers left for this bot');
  return next;
}
