import type { Authenticator, Route } from '@trawling/http';
import type { CredentialMemory } from '../memory/open-memory.js';
import type { CallingBot } from './authenticate-bot.js';
import { credentialVerdict, refuse } from './credential-verdict.js';

/**
 * Throws what authenticateBot would, for who was let in before its body was read: a body may come so slowly that its
 * sender is revoked meanwhile. Asks the database only when the credential is no longer at hand in memory.
 */
export async function requireStillGood(deps: { credentials: Pick<CredentialMemory, 'find'> }, bot: CallingBot): Promise<void> {
  const row = await deps.credentials.find(bot.credentialId);
  const verdict = row ? credentialVerdict(row, bot.botId) : 'unauthenticated';
  if (verdict) throw refuse(verdict);
}

/** The same for an ordinary route: `look` is called once the body is there, and throws for who is no longer welcome. */
export const lookingAgain = (look: Authenticator<CallingBot>['authenticate'], route: Route): Route => ({
  ...route,
  async authenticate(before) {
    const answer = await route.authenticate(before);
    return async (req, res, context) => {
      await look(req);
      return answer(req, res, context);
    };
  },
});
