import type { CredentialRow } from '@trawling/database';
import { createTrustedMemory, type TrustedMemory } from './trusted-memory.js';

/** Credentials with the facts of their verdict (revoked, fenced, decommissioned), by credential id. */
export interface CredentialMemory {
  /** Trusted and at hand, or undefined. No database. */
  peek: (credentialId: string) => CredentialRow | undefined;
  /** From memory, else from the database. Unknown ids are asked for each time. */
  find: (credentialId: string) => Promise<CredentialRow | null>;
}

export interface MemoryTrust {
  confirmedAt: () => number;
  monotonicMs: () => number;
}

export function createCredentialMemory(
  deps: { findCredential: (credentialId: string) => Promise<CredentialRow | null>; maxEntries: number } & MemoryTrust,
): TrustedMemory<CredentialRow> {
  return createTrustedMemory({ ...deps, load: deps.findCredential, tagOf: (_id, row) => row.botId });
}
