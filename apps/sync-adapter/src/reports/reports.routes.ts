import { BatchResult, BotEvent, CronRunResult, DomainError, MetricPoint } from '@trawling/contracts';
import { parseForm, type Authenticator, type Route } from '@trawling/http';
import { z } from 'zod';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, bodyProblems, credentialProblems } from '../bot-route.js';
import { limits } from '../limits/limits.js';
import { limitedBy, type RouteLimits } from '../limits/route-limits.js';
import { logRejections } from './log-rejections.js';
import { storeCronResults } from './store-cron-results.js';
import { storeEvents, type StoreEventsDeps } from './store-events.js';
import { storeMetrics, type StoreMetricsDeps } from './store-metrics.js';

export type ReportsRoutesDeps = StoreEventsDeps &
  StoreMetricsDeps & { auth: Authenticator<CallingBot>; rateLimits: Pick<RouteLimits, 'metrics' | 'events' | 'webhook'> };

type Batch = { botId: string; items: readonly unknown[] };

export const METRICS_PATH = '/bots/:bot_id/metrics';

const Items = z.array(z.unknown());
const NoQuery = z.strictObject({});

export const reportsRoutes = (deps: ReportsRoutesDeps): Route[] => [
  batchRoute(limitedBy(deps.auth, deps.rateLimits.metrics), {
    path: METRICS_PATH,
    limit: limits.metrics,
    operationId: 'sendMetrics',
    summary: 'Metric points; a point sent again changes nothing',
    item: MetricPoint,
    store: (batch) => storeMetrics(deps, batch),
  }),
  batchRoute(limitedBy(deps.auth, deps.rateLimits.events), {
    path: '/bots/:bot_id/events',
    limit: limits.events,
    operationId: 'sendEvents',
    summary: 'Events by their ids; one sent again changes nothing',
    item: BotEvent,
    store: (batch) => storeEvents(deps, batch),
  }),
  batchRoute(limitedBy(deps.auth, deps.rateLimits.webhook), {
    path: '/bots/:bot_id/webhook',
    limit: limits.webhook,
    operationId: 'sendCronResults',
    summary: 'Finished runs of OpenClaw cron jobs, kept as events of type cron_result',
    item: CronRunResult,
    store: (batch) => storeCronResults(deps, batch),
  }),
];

/**
 * A list whose items are judged one by one. Not `defineRoute`, which refuses a whole body for one bad member: here a
 * broken item must cost only itself, or a bot could never get past it in its spool.
 */
function batchRoute(
  auth: Authenticator<CallingBot>,
  route: {
    path: string;
    operationId: string;
    summary: string;
    item: z.ZodType;
    limit: { bodyBytes: number; items: number };
    store: (batch: Batch) => Promise<BatchResult>;
  },
): Route {
  return {
    method: 'post',
    path: route.path,
    operationId: route.operationId,
    summary: route.summary,
    description: 'Answered after the commit. Items are judged one by one: `rejected` names their index.',
    tags: ['reports'],
    logLevel: 'debug',
    security: { name: auth.name, description: auth.description },
    schemas: { params: BotParams, query: NoQuery, body: z.array(route.item).max(route.limit.items) },
    bodyLimit: route.limit.bodyBytes,
    bodyTypes: ['application/json'],
    responses: { 200: BatchResult, problems: [...credentialProblems, ...bodyProblems] },
    async authenticate(authReq) {
      const { botId } = await auth.authenticate(authReq);
      return async (req, _res, { log }) => {
        parseForm(NoQuery, req.query, 'query');
        const result = await route.store({ botId, items: itemsOf(req.body, route.limit.items) });
        return { status: 200, body: logRejections(log, botId, result) };
      };
    },
  };
}

/** The items of a batch. Throws payload-too-large: a spool that holds more sends again. */
export function itemsOf(body: unknown, max: number): unknown[] {
  const items = parseForm(Items, body);
  if (items.length > max) throw new DomainError('payload-too-large', `${items.length} items are more than ${max}: send fewer at once.`);
  return items;
}
