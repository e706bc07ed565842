import { type HotRoute } from '@trawling/http';
import { authenticateFromMemory } from '../authentication/authenticate-from-memory.js';
import { requireRate, type RateLimit } from '../limits/rate-limit.js';
import type { CredentialMemory, DesiredMemory } from '../memory/open-memory.js';
import { CONFIG_PATH, configHeadersOf } from './config-headers.js';

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
  return {
    method: 'GET',
    path: CONFIG_PATH,
    handle({ req, param }) {
      const known = req.headers['if-none-match'];
      const bot = authenticateFromMemory(deps, { authorization: req.headers.authorization, botId: param });
      const head = bot && deps.desired.peekSummary(bot.botId);
      if (!known || !head || !namesExactly(known, head.hash)) return null;
      requireRate(deps.rateLimit(bot.botId));
      return { status: 304, headers: configHeadersOf(known) };
    },
  };
}

/** The strong ETag alone, as nearly every agent sends it; lists, weak ones and `*` are read by the ordinary route. */
const namesExactly = (ifNoneMatch: string, hash: string): boolean =>
  ifNoneMatch.length === hash.length + 2 && ifNoneMatch.startsWith('"') && ifNoneMatch.endsWith('"') && ifNoneMatch.startsWith(hash, 1);
