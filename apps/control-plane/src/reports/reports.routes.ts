import { EventList, EventsQuery, MetricBuckets, MetricList, MetricsQuery } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { defineRoute, type Route } from '@trawling/http';
import { z } from 'zod';
import { reader } from '../auth/api-key-auth.js';
import { BotParams } from '../bots/bots.routes.js';
import { at } from '../routes.js';
import { listEvents } from './list-events.js';
import { listBuckets } from './list-metric-buckets.js';
import { listMetrics } from './list-metrics.js';

export const reportsRoutes = (deps: { db: Transaction; now: () => Date }): Route[] => [
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
    summary: 'List what a bot measured, newest first; downsampled with `resolution`',
    tags: ['reports'],
    auth: reader(deps),
    params: BotParams,
    query: MetricsQuery,
    responses: { 200: z.union([MetricList, MetricBuckets]), problems: ['bot-not-found'] },
    async handler({ auth: caller, params, query }) {
      const asked = { caller, botId: params.bot_id, query };
      const { resolution } = query;
      const body = resolution ? await listBuckets(deps, { ...asked, resolution }) : await listMetrics(deps, asked);
      return { status: 200, body };
    },
  }),
];
