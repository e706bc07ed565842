import { ConfigAck } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, bodyProblems, credentialProblems } from '../bot-route.js';
import { limits } from '../limits/limits.js';
import { acknowledgeConfig, type AcknowledgeConfigDeps } from './acknowledge-config.js';

export const acksRoutes = (deps: AcknowledgeConfigDeps & { auth: Authenticator<CallingBot> }): Route[] => [
  defineRoute({
    method: 'post',
    path: '/bots/:bot_id/config_ack',
    operationId: 'acknowledgeConfig',
    summary: 'The verdict of the bot on one config version',
    tags: ['reports'],
    auth: deps.auth,
    params: BotParams,
    body: ConfigAck,
    bodyLimit: limits.config_ack.bodyBytes,
    responses: { 204: null, problems: [...credentialProblems, ...bodyProblems, 'version-not-found', 'hash-mismatch'] },
    async handler({ auth, body, log }) {
      await acknowledgeConfig(deps, auth, body);
      log.info({ bot_id: auth.botId, config_version: Number(body.version), outcome: body.outcome }, 'config acknowledged');
      return { status: 204 };
    },
  }),
];
