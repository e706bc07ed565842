import { tokenMatches } from '@trawling/crypto';
import type { CredentialMemory } from '../memory/open-memory.js';
import type { CallingBot } from './authenticate-bot.js';
import { credentialVerdict } from './credential-verdict.js';

const START = 'Bearer ttb_';
const ID_LENGTH = 36;
/** `Bearer ttb_<id>_<secret of 43>`. */
const WHOLE_LENGTH = START.length + ID_LENGTH + 1 + 43;

/**
 * As authenticateBot, with what is in memory only. Null is no verdict: not at hand, not good, or about to become good
 * (the candidate of a rotation); authenticateBot then says which. The header's form is not looked at any closer: nothing
 * but the credential itself has its hash.
 */
export function authenticateFromMemory(
  deps: { credentials: Pick<CredentialMemory, 'peek'> },
  input: { authorization: string | undefined; botId: string },
): CallingBot | null {
  const { authorization, botId } = input;
  if (authorization?.length !== WHOLE_LENGTH || !authorization.startsWith(START)) return null;
  const row = deps.credentials.peek(authorization.slice(START.length, START.length + ID_LENGTH));
  if (!row || row.candidate || !tokenMatches(authorization.slice('Bearer '.length), row.secretHash)) return null;
  if (credentialVerdict(row, botId) !== null) return null;
  return { botId: row.botId, credentialId: row.credentialId, generation: row.generation };
}
