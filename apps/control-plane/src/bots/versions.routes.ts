import { BotId, PageQuery, VersionDiff, VersionList, VersionView } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { defineRoute, type Route } from '@trawling/http';
import { z } from 'zod';
import { reader } from '../auth/api-key-auth.js';
import { at } from '../routes.js';
import { BotParams } from './bots.routes.js';
import { diffVersions } from './diff-versions.js';
import { getVersion } from './get-version.js';
import { listVersions } from './list-versions.js';

const VersionParam = z.string().regex(/^[1-9][0-9]{0,8}$/, 'expected a positive number').transform(Number);
const VersionParams = z.strictObject({ bot_id: BotId, version: VersionParam });
/** Without its type: any JSON, seen through the route's types, goes deeper than the compiler does. */
const Diff: z.ZodType = VersionDiff;
const DiffParams = z.strictObject({ bot_id: BotId, from: VersionParam, to: VersionParam });

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
  defineRoute({
    ...at('diffVersions'),
    summary: 'What changed from one config version to another, as RFC 6902 patches',
    tags: ['versions'],
    auth: reader(deps),
    params: DiffParams,
    responses: { 200: Diff, problems: ['bot-not-found', 'version-not-found'] },
    async handler({ auth: caller, params }) {
      const { bot_id: botId, from, to } = params;
      return { status: 200, body: await diffVersions(deps, { caller, botId, from, to }) };
    },
  }),
];
