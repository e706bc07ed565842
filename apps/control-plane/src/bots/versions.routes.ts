import { BotId, PageQuery, VersionList, VersionView } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { defineRoute, type Route } from '@trawling/http';
import { z } from 'zod';
import { reader } from '../auth/api-key-auth.js';
import { at } from '../routes.js';
import { BotParams } from './bots.routes.js';
import { getVersion } from './get-version.js';
import { listVersions } from './list-versions.js';

const VersionParams = z.strictObject({
  bot_id: BotId,
  version: z.string().regex(/^[1-9][0-9]{0,8}$/, 'expected a positive number').transform(Number),
});

export const versionsRoutes = (deps: { db: Transaction }): Route[] => [
  defineRoute({
    ...at('listVersions'),
    summary: 'List a bot’s config versions, newest first',
    tags: ['versions'],
    auth: reader(deps),
    params: BotParams,
    query: PageQuery,
    responses: { 200: VersionList, problems: ['bot-not-found'] },
    async handler({ auth: caller, params, query }) {
      return { status: 200, body: await listVersions(deps, { caller, botId: params.bot_id, query }) };
    },
  }),
  defineRoute({
    ...at('getVersion'),
    summary: 'One config version: settings, payload and the bot’s verdict',
    tags: ['versions'],
    auth: reader(deps),
    params: VersionParams,
    responses: { 200: VersionView, problems: ['bot-not-found', 'version-not-found'] },
    async handler({ auth: caller, params }) {
      return { status: 200, body: await getVersion(deps, { caller, botId: params.bot_id, version: params.version }) };
    },
  }),
];
