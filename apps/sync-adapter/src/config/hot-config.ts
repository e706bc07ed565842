import { type AnyReply, type HotRoute } from '@trawling/http';
import { authenticateFromMemory } from '../authentication/authenticate-from-memory.js';
import { requireRate, type RateLimit } from '../limits/rate-limit.js';
import type { CredentialMemory, DesiredMemory } from '../memory/open-memory.js';
import { CONFIG_PATH, configHeaders } from './config-headers.js';

export interface HotConfigDeps {
  credentials: Pick<CredentialMemory, 'peek'>;
  desired: Pick<DesiredMemory, 'peekSummary'>;
  /** The same counter as the ordinary route's. */
  rateLimit: RateLimit;
}

/**
 * The poll that finds nothing new, which is nearly every poll: answered from memory alone, without a query. Whatever is
 * not that (another credential, something newer, anything not at hand) is the ordinary route's to answer.
 */
export function hotConfigRoute(deps: HotConfigDeps): HotRoute {
  const replies = new WeakMap<object, AnyReply>();
  return {
    method: 'GET',
    path: CONFIG_PATH,
    handle({ req, param }) {
      const bot = authenticateFromMemory(deps, { authorization: req.headers.authorization, botId: param });
      const head = bot && deps.desired.peekSummary(bot.botId);
      if (!head || req.headers['if-none-match'] !== `"${head.hash}"`) return null;
      requireRate(deps.rateLimit(bot.botId));
      let reply = replies.get(head);
      if (!reply) {
        reply = { status: 304, headers: configHeaders(head.hash) };
        replies.set(head, reply);
      }
      return reply;
    },
  };
}
