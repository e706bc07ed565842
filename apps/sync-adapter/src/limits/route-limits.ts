import { type Authenticator } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { limits, type LimitedRoute } from './limits.js';
import { createRateLimit, requireRate, type RateLimit } from './rate-limit.js';

export type RouteLimits = Record<LimitedRoute, RateLimit>;

/** One counter for each address, by bot id (before enrollment by token id). */
export function createRouteLimits(monotonicMs: () => number): RouteLimits {
  const of = (name: LimitedRoute): RateLimit =>
    createRateLimit({ limit: limits[name].calls, windowSeconds: limits[name].seconds, monotonicMs });
  return {
    enroll: of('enroll'), boot: of('boot'), stream: of('stream'), config: of('config'), keys: of('keys'), secrets: of('secrets'),
    credentials: of('credentials'), config_ack: of('config_ack'), heartbeat: of('heartbeat'), metrics: of('metrics'),
    events: of('events'), webhook: of('webhook'),
  };
}

/** Who calls, and whether it may call so often: both settled before a byte of the body is read. */
export const limitedBy = (auth: Authenticator<CallingBot>, rateLimit: RateLimit): Authenticator<CallingBot> => ({
  ...auth,
  async authenticate(req) {
    const bot = await auth.authenticate(req);
    requireRate(rateLimit(bot.botId));
    return bot;
  },
});
