import { BootReport } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, bodyProblems, credentialProblems } from '../bot-route.js';
import { limits } from '../limits/limits.js';
import { recordBoot, type RecordBootDeps } from './record-boot.js';

export type BootRoutesDeps = Omit<RecordBootDeps, 'authenticate'> & { auth: Authenticator<CallingBot> };

export const bootRoutes = (deps: BootRoutesDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/bots/:bot_id/boot',
    operationId: 'reportBoot',
    summary: 'How far the machine came; before enrollment with the id of its token and a MAC, then with its credential',
    tags: ['enrollment'],
    auth: 'none',
    params: BotParams,
    body: BootReport,
    bodyLimit: limits.boot.bodyBytes,
    responses: { 204: null, problems: [...credentialProblems, ...bodyProblems] },
    async handler({ params, body, req, log }) {
      const authenticate = async () => deps.auth.authenticate(req);
      const hasCredential = req.headers.authorization !== undefined;
      await recordBoot({ ...deps, authenticate }, { botId: params.bot_id.toLowerCase(), hasCredential, report: body });
      log.info({ bot_id: params.bot_id, stage: body.stage, ok: body.ok, generation: body.generation }, 'boot reported');
      return { status: 204 };
    },
  }),
];
