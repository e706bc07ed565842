import { bearerTokenOf } from '@trawling/http';
import { parseToken, tokenMatches } from '@trawling/crypto';
import type { CredentialMemory } from '../memory/open-memory.js';
import type { CallingBot } from './authenticate-bot.js';
import { credentialVerdict } from './credential-verdict.js';

/**
 * As authenticateBot, with what is in memory only. Null is no verdict: not at hand, not good, or about to become good
 * (the candidate of a rotation); authenticateBot then says which.
 */
export function authenticateFromMemory(
  deps: { credentials: Pick<CredentialMemory, 'peek'> },
  input: { authorization: string | undefined; botId: string },
): CallingBot | null {
  const token = bearerTokenOf(input.authorization);
  const parsed = token === null ? null : parseToken(token);
  if (token === null || parsed?.prefix !== 'ttb') return null;
  const row = deps.credentials.peek(parsed.id);
  if (!row || row.candidate || !tokenMatches(token, row.secretHash)) return null;
  if (credentialVerdict(row, input.botId) !== null) return null;
  return { botId: row.botId, credentialId: row.credentialId, generation: row.generation };
}
