import { BotId, type ProblemCode } from '@trawling/contracts';
import { bearerToken, type Authenticator } from '@trawling/http';
import { z } from 'zod';
import { authenticateBot, type AuthenticateBotDeps, type CallingBot } from './authentication/authenticate-bot.js';

export const BotParams = z.strictObject({ bot_id: BotId });

/** What any call under a credential may be answered with. */
export const credentialProblems = [
  'unauthenticated',
  'bot-not-found',
  'bot-decommissioned',
  'machine-superseded',
  'rate-limited',
  'unavailable',
  'internal-error',
] as const satisfies readonly ProblemCode[];

/** What any call with a body may be answered with besides. */
export const bodyProblems = [
  'invalid-request',
  'malformed-json',
  'payload-too-large',
  'unsupported-media-type',
] as const satisfies readonly ProblemCode[];

/** Bearer credential of the bot in the path; settled before anything of the request is parsed. */
export function botCredential(deps: AuthenticateBotDeps): Authenticator<CallingBot> {
  return {
    name: 'botCredential',
    description: 'The credential a machine made for itself at enrollment: `ttb_<id>_<secret>`.',
    authenticate: (req) =>
      authenticateBot(deps, { token: bearerToken(req), botId: String(req.params['bot_id']).toLowerCase() }),
  };
}

/** Answers of bots are about one machine only: nothing in between may keep them. */
export const noStore = { 'Cache-Control': 'private, no-store' };
