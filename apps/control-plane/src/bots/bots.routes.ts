import { BotId, BotList, BotView, ChangeAccepted, CreateBotRequest, DecommissionAccepted, ListBotsQuery, UpdateBotRequest } from '@trawling/contracts';
import type { Transaction } from '@trawling/database';
import { defineRoute, type Route } from '@trawling/http';
import { z } from 'zod';
import { reader, writer } from '../auth/api-key-auth.js';
import { runChange, type RunChangeDeps } from '../change/change.js';
import { ChangeHeaders, changeHeaders, changeProblems, changeRequest } from '../change/change-request.js';
import { botEtag } from '../change/lock-bot-for-change.js';
import { at } from '../routes.js';
import { checkCreateBot, createBot, type CreateBotDeps } from './create-bot.js';
import { decommissionBot } from './decommission-bot.js';
import { getBot } from './get-bot.js';
import { listBots } from './list-bots.js';
import { readUpdateBot, updateBot } from './update-bot.js';

export type BotsRoutesDeps = { db: Transaction } & RunChangeDeps & CreateBotDeps;

export const BotParams = z.strictObject({ bot_id: BotId });

export const botsRoutes = (deps: BotsRoutesDeps): Route[] => [
  defineRoute({
    ...at('createBot'),
    summary: 'Create a bot with its first version, secrets and machine',
    tags: ['bots'],
    auth: writer(deps),
    headers: ChangeHeaders,
    body: CreateBotRequest,
    responses: {
      201: ChangeAccepted,
      problems: [...changeProblems, 'live-needs-confirmation', 'openclaw-path-not-allowed'],
    },
    async handler(input) {
      const request = checkCreateBot(input.body);
      const answer = await runChange(deps, changeRequest(input, 201), ChangeAccepted, (change) => createBot(deps, change, request));
      return { status: 201, headers: { ...changeHeaders(answer), Location: `/bots/${answer.body.bot_id}` }, body: answer.body };
    },
  }),
  defineRoute({
    ...at('listBots'),
    summary: 'List bots, oldest first',
    tags: ['bots'],
    auth: reader(deps),
    query: ListBotsQuery,
    responses: { 200: BotList },
    async handler({ auth: caller, query }) {
      return { status: 200, body: await listBots(deps, { caller, query }) };
    },
  }),
  defineRoute({
    ...at('getBot'),
    summary: 'Desired, applied, sync status, online, machine: in one screen',
    description: 'The ETag names the desired version: send it as If-Match with a change.',
    tags: ['bots'],
    auth: reader(deps),
    params: BotParams,
    responses: { 200: BotView, problems: ['bot-not-found'] },
    async handler({ auth: caller, params }) {
      const view = await getBot(deps, { caller, botId: params.bot_id });
      // As text: Express would answer 304 to an If-None-Match, but the view changes while the ETag stays.
      const headers = { ETag: botEtag(view.desired_version), 'Cache-Control': 'private, no-store' };
      return { status: 200, headers, raw: JSON.stringify(view) };
    },
  }),
  defineRoute({
    ...at('updateBot'),
    summary: 'Change settings and labels with an RFC 7396 merge patch',
    tags: ['bots'],
    auth: writer(deps),
    params: BotParams,
    headers: ChangeHeaders,
    body: UpdateBotRequest,
    responses: {
      202: ChangeAccepted,
      problems: [...changeProblems, 'live-needs-confirmation', 'openclaw-path-not-allowed'],
    },
    async handler(input) {
      const update = { botId: input.params.bot_id, ifMatch: input.headers['if-match'], ...readUpdateBot(input.body) };
      const answer = await runChange(deps, changeRequest(input, 202), ChangeAccepted, (change) => updateBot(deps, change, update));
      return { status: 202, headers: changeHeaders(answer), body: answer.body };
    },
  }),
  defineRoute({
    ...at('decommissionBot'),
    summary: 'Destroy the bot’s machine; its history stays readable',
    tags: ['bots'],
    auth: writer(deps),
    params: BotParams,
    headers: ChangeHeaders,
    responses: { 202: DecommissionAccepted, problems: changeProblems },
    async handler(input) {
      const { bot_id: botId } = input.params;
      const answer = await runChange(deps, changeRequest(input, 202), DecommissionAccepted, (change) =>
        decommissionBot(deps, change, { botId, ifMatch: input.headers['if-match'] }),
      );
      return { status: 202, headers: changeHeaders({ ...answer, body: {} }), body: answer.body };
    },
  }),
];
