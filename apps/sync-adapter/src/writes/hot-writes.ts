import { BotStatus } from '@trawling/contracts';
import { parseRequest, readJson, type AnyReply, type HotRoute } from '@trawling/http';
import { type Logger } from '@trawling/runtime';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { authenticateFromMemory } from '../authentication/authenticate-from-memory.js';
import { requireStillGood } from '../authentication/require-still-good.js';
import { HEARTBEAT_PATH } from '../heartbeat/heartbeat.routes.js';
import { recordHeartbeat, type RecordHeartbeatDeps } from '../heartbeat/record-heartbeat.js';
import { limits } from '../limits/limits.js';
import { requireRate } from '../limits/rate-limit.js';
import { type RouteLimits } from '../limits/route-limits.js';
import type { CredentialMemory } from '../memory/open-memory.js';
import { logRejections } from '../reports/log-rejections.js';
import { itemsOf, METRICS_PATH } from '../reports/reports.routes.js';
import { storeMetrics, type StoreMetricsDeps } from '../reports/store-metrics.js';

export type HotWritesDeps = RecordHeartbeatDeps &
  StoreMetricsDeps & {
    credentials: CredentialMemory;
    rateLimits: Pick<RouteLimits, 'heartbeat' | 'metrics'>;
    logger: Logger;
  };

/**
 * What the whole fleet sends every minute, without Express in front: the same contracts, counters and use cases as the
 * ordinary routes, which answer whenever the caller is not known from memory.
 */
export const hotWriteRoutes = (deps: HotWritesDeps): HotRoute[] => [
  hotWrite(deps, 'heartbeat', HEARTBEAT_PATH, (bot, body) => recordHeartbeat(deps, bot, parseRequest(BotStatus, body))),
  hotWrite(deps, 'metrics', METRICS_PATH, async ({ botId }, body) =>
    logRejections(deps.logger, botId, await storeMetrics(deps, { botId, items: itemsOf(body, limits.metrics.items) })),
  ),
];

function hotWrite(
  deps: HotWritesDeps,
  name: keyof HotWritesDeps['rateLimits'],
  path: string,
  store: (bot: CallingBot, body: unknown) => Promise<object>,
): HotRoute {
  const answer = async (bot: CallingBot, reading: Promise<unknown>): Promise<AnyReply> => {
    const body = await reading;
    await requireStillGood(deps, bot);
    return { status: 200, body: await store(bot, body) };
  };
  return {
    method: 'POST',
    path,
    handle({ req, param }) {
      const bot = authenticateFromMemory(deps, { authorization: req.headers.authorization, botId: param });
      if (!bot) return null;
      requireRate(deps.rateLimits[name](bot.botId));
      return answer(bot, readJson(req, limits[name].bodyBytes));
    },
  };
}
