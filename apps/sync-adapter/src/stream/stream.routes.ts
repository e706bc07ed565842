import { DomainError } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, credentialProblems } from '../bot-route.js';

/** What is answered to who asks for the stream without an upgrade; the stream itself is opened by accept-streams.ts. */
export const streamRoutes = (deps: { auth: Authenticator<CallingBot> }): Route[] => [
  defineRoute({
    method: 'get',
    path: '/bots/:bot_id/stream',
    operationId: 'openStream',
    summary: 'WebSocket: hints to look again, from the server to the bot',
    description: 'Upgrade with the credential as bearer token. Each text frame is a StreamHint; the bot sends nothing but pongs.',
    tags: ['config'],
    auth: deps.auth,
    params: BotParams,
    responses: { problems: [...credentialProblems, 'upgrade-required', 'rate-limited'] },
    handler({ res }) {
      res.setHeader('Upgrade', 'websocket');
      throw new DomainError('upgrade-required', 'This address speaks WebSocket: send Connection: Upgrade.');
    },
  }),
];
