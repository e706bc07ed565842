import { sipKeyOf, sipHash, sameSipHash, tokenMatches } from '@trawling/crypto';
import { randomBytes } from 'node:crypto';
import type { CredentialMemory, HeldCredential } from '../memory/open-memory.js';
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
  if (!row || row.candidate || !carries(authorization, row)) return null;
  if (credentialVerdict(row, botId) !== null) return null;
  return { botId: row.botId, credentialId: row.credentialId, generation: row.generation };
}

/** Random for this process: what is recognised under it means nothing anywhere else. */
const recognitionKey = sipKeyOf(randomBytes(16));

/**
 * The first time the credential's SHA-256 decides, and the header is remembered by its fingerprint, not by itself. From
 * then on the fingerprint decides, which costs a fraction; a header with another one is left to authenticateBot.
 */
function carries(authorization: string, row: HeldCredential): boolean {
  const fingerprint = sipHash(authorization, recognitionKey);
  if (row.seen) return sameSipHash(row.seen, fingerprint);
  if (!tokenMatches(authorization.slice('Bearer '.length), row.secretHash)) return false;
  row.seen = fingerprint;
  return true;
}
