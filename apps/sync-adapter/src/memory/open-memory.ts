import type { CredentialRow, DesiredHeadRow } from '@trawling/database';
import type { Change } from '../changes/change-hub.js';
import { createBatchLoader } from './batch-loader.js';
import { createTrustedMemory } from './trusted-memory.js';

/** Credentials with the facts of their verdict (revoked, fenced, decommissioned, replaced), by credential id. */
export interface CredentialMemory {
  /** Trusted and at hand, or undefined. No database. */
  peek: (credentialId: string) => CredentialRow | undefined;
  /** From memory, else from the database. Unknown ids are asked for each time. */
  find: (credentialId: string) => Promise<CredentialRow | null>;
}

/** What each bot should run, without the payload: version, hash, signature, heartbeatSeconds; by bot id. */
export interface DesiredMemory {
  /** Trusted and at hand, or undefined. No database. */
  peekSummary: (botId: string) => DesiredHeadRow | undefined;
  /** From memory, else from the database; null: there is no config for this bot. */
  findSummary: (botId: string) => Promise<DesiredHeadRow | null>;
}

export interface MemoryDeps {
  findCredentials: (credentialIds: readonly string[]) => Promise<CredentialRow[]>;
  findDesiredHeads: (botIds: readonly string[]) => Promise<Map<string, DesiredHeadRow>>;
  findKeySet: () => Promise<string | null>;
  /** Up to when the change feed has told everything. */
  confirmedAt: () => number;
  monotonicMs: () => number;
  /** Most credentials and most desired configs held; a pair of them takes about 2 KB. */
  maxEntries: number;
}

export interface Memory {
  credentials: CredentialMemory;
  desired: DesiredMemory;
  keySet: () => Promise<string | null>;
  /** What a hint says may be different is read again when it is next asked for. */
  hear: (change: Change) => void;
  forgetAll: () => void;
  size: () => { credentials: number; desired: number };
}

const KEY_SET = 'key set';

/** All that is served without asking the database, kept true by the change feed. Made once, before the feed. */
export function openMemory(deps: MemoryDeps): Memory {
  const { confirmedAt, monotonicMs, maxEntries } = deps;
  const credentials = createTrustedMemory<CredentialRow>({
    load: createBatchLoader(async (ids) => new Map((await deps.findCredentials(ids)).map((row) => [row.credentialId, row]))),
    tagOf: (_id, row) => row.botId,
    confirmedAt,
    monotonicMs,
    maxEntries,
  });
  const desired = createTrustedMemory<DesiredHeadRow>({
    load: createBatchLoader(deps.findDesiredHeads),
    tagOf: (botId) => botId,
    confirmedAt,
    monotonicMs,
    maxEntries,
  });
  const keySet = createTrustedMemory<string>({ load: deps.findKeySet, tagOf: () => KEY_SET, confirmedAt, monotonicMs, maxEntries: 1 });

  const forget = (memory: { forget: (ids: readonly string[]) => void; forgetAll: () => void }, ids: readonly string[]): void =>
    ids.length === 0 ? memory.forgetAll() : memory.forget(ids);

  return {
    credentials: { peek: credentials.peek, find: credentials.find },
    desired: { peekSummary: desired.peek, findSummary: desired.find },
    keySet: () => keySet.find(KEY_SET),
    hear({ topic, ids }) {
      if (topic === 'credential') forget(credentials, ids);
      if (topic === 'config') forget(desired, ids);
      if (topic === 'keys') {
        keySet.forgetAll();
        // With the keys, the signatures over desired configs changed.
        desired.forgetAll();
      }
    },
    forgetAll: () => [credentials, desired, keySet].forEach((memory) => memory.forgetAll()),
    size: () => ({ credentials: credentials.size(), desired: desired.size() }),
  };
}
