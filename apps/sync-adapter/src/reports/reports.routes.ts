import { BatchResult, BotEvent, CronRunResult, MetricPoint } from '@trawling/contracts';
import { parseForm, type Authenticator, type Route } from '@trawling/http';
import { z } from 'zod';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, bodyProblems, credentialProblems } from '../bot-route.js';
import { storeCronResults } from './store-cron-results.js';
import { storeEvents, type StoreEventsDeps } from './store-events.js';
import { storeMetrics, type StoreMetricsDeps } from './store-metrics.js';

export type ReportsRoutesDeps = StoreEventsDeps & StoreMetricsDeps & { auth: Authenticator<CallingBot> };

type Batch = { botId: string; items: readonly unknown[] };

/** Items of one request; a spool that holds more sends again. */
const MAX_ITEMS = 1_000;
const MAX_BYTES = 1_048_576;

const Items = z.array(z.unknown()).max(MAX_ITEMS);
const NoQuery = z.strictObject({});

export const reportsRoutes = (deps: ReportsRoutesDeps): Route[] => [
  batchRoute(deps.auth, {
    path: '/bots/:bot_id/metrics',
    operationId: 'sendMetrics',
    summary: 'Metric points; a point sent again changes nothing',
    item: MetricPoint,
    store: (batch) => storeMetrics(deps, batch),
  }),
  batchRoute(deps.auth, {
    path: '/bots/:bot_id/events',
    operationId: 'sendEvents',
    summary: 'Events by their ids; one sent again changes nothing',
    item: BotEvent,
    store: (batch) => storeEvents(deps, batch),
  }),
  batchRoute(deps.auth, {
    path: '/bots/:bot_id/webhook',
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
  route: { path: string; operationId: string; summary: string; item: z.ZodType; store: (batch: Batch) => Promise<BatchResult> },
): Route {
  return {
    method: 'post',
    path: route.path,
    operationId: route.operationId,
    summary: route.summary,
    description: 'Answered after the commit. Items are judged one by one: `rejected` names their index.',
    tags: ['reports'],
    security: { name: auth.name, description: auth.description },
    schemas: { params: BotParams, query: NoQuery, body: z.array(route.item).max(MAX_ITEMS) },
    bodyLimit: MAX_BYTES,
    bodyTypes: ['application/json'],
    responses: { 200: BatchResult, problems: [...credentialProblems, ...bodyProblems] },
    async authenticate(authReq) {
      const { botId } = await auth.authenticate(authReq);
      return async (req, _res, { log }) => {
        parseForm(NoQuery, req.query, 'query');
        const body = await route.store({ botId, items: parseForm(Items, req.body) });
        if (body.rejected.length > 0) log.warn({ bot_id: botId, rejected: body.rejected.slice(0, 10) }, 'items were rejected');
        return { status: 200, body };
      };
    },
  };
}
