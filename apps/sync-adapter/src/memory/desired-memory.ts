import type { DesiredHeadRow } from '@trawling/database';
import type { MemoryTrust } from './credential-memory.js';
import { createTrustedMemory, type TrustedMemory } from './trusted-memory.js';

/** What each bot should run, without the payload: version, hash, signature, heartbeatSeconds; by bot id. */
export interface DesiredMemory {
  /** Trusted and at hand, or undefined. No database. */
  peekSummary: (botId: string) => DesiredHeadRow | undefined;
  /** From memory, else from the database; null: there is no config for this bot. */
  findSummary: (botId: string) => Promise<DesiredHeadRow | null>;
}

export function createDesiredMemory(
  deps: { findDesiredHead: (botId: string) => Promise<DesiredHeadRow | null>; maxEntries: number } & MemoryTrust,
): DesiredMemory & Pick<TrustedMemory<DesiredHeadRow>, 'forget' | 'forgetAll' | 'size'> {
  const { peek, find, forget, forgetAll, size } = createTrustedMemory({ ...deps, load: deps.findDesiredHead, tagOf: (botId) => botId });
  return { peekSummary: peek, findSummary: find, forget, forgetAll, size };
}
