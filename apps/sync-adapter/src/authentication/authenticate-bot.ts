import { parseToken, tokenMatches } from '@trawling/crypto';
import type { CredentialRow } from '@trawling/database';
import { credentialVerdict, refuse } from './credential-verdict.js';

export interface AuthenticateBotDeps {
  findCredential: (credentialId: string) => Promise<CredentialRow | null>;
  /** Makes the candidate of a rotation the bot's credential; false when it may not become it. */
  takeIntoUse: (candidate: CredentialRow) => Promise<boolean>;
}

/** Who calls: everything a feature may know about the machine on the other end. */
export interface CallingBot {
  botId: string;
  credentialId: string;
  generation: number;
}

/**
 * Token → row by its id → constant-time comparison of the hash → may it speak for this bot? The generation is the
 * credential's, never the caller's word. Throws unauthenticated, bot-not-found, bot-decommissioned, machine-superseded.
 */
export async function authenticateBot(
  deps: AuthenticateBotDeps,
  input: { token: string | null; botId: string },
): Promise<CallingBot> {
  const parsed = input.token === null ? null : parseToken(input.token);
  if (input.token === null || parsed?.prefix !== 'ttb') throw refuse('unauthenticated');

  const row = await deps.findCredential(parsed.id);
  if (!row || !tokenMatches(input.token, row.secretHash)) throw refuse('unauthenticated');

  const verdict = credentialVerdict(row, input.botId);
  if (verdict) throw refuse(verdict);
  // Before anything else happens in its name, so that the old one is dead as soon as the new one lives.
  if (row.candidate && !(await deps.takeIntoUse(row))) throw refuse('unauthenticated');
  return { botId: row.botId, credentialId: row.credentialId, generation: row.generation };
}
