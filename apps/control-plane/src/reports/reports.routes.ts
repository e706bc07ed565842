import { EventList, EventsQuery, MetricList, MetricsQuery } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { defineRoute, type Route } from '@trawling/http';
import { reader } from '../auth/api-key-auth.js';
import { BotParams } from '../bots/bots.routes.js';
import { at } from '../routes.js';
import { listEvents } from './list-events.js';
import { listMetrics } from './list-metrics.js';

export const reportsRoutes = (deps: { db: Transaction }): Route[] => [
  defineRoute({
    ...at('listEvents'),
    summary: 'List what a bot told, newest first',
    tags: ['reports'],
    auth: reader(deps),
    params: BotParams,
    query: EventsQuery,
    responses: { 200: EventList, problems: ['bot-not-found'] },
    async handler({ auth: caller, params, query }) {
      return { status: 200, body: await listEvents(deps, { caller, botId: params.bot_id, query }) };
    },
  }),
  defineRoute({
    ...at('listMetrics'),
    summary: 'List what a bot measured, newest first',
    tags: ['reports'],
    auth: reader(deps),
    params: BotParams,
    query: MetricsQuery,
    responses: { 200: MetricList, problems: ['bot-not-found'] },
    async handler({ auth: caller, params, query }) {
      return { status: 200, body: await listMetrics(deps, { caller, botId: params.bot_id, query }) };
    },
  }),
];
