import { KeySetResponse } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, credentialProblems, noStore } from '../bot-route.js';
import { readKeySet, type ReadKeySetDeps } from './read-key-set.js';

export const keysRoutes = (deps: ReadKeySetDeps & { auth: Authenticator<CallingBot> }): Route[] => [
  defineRoute({
    method: 'get',
    path: '/bots/:bot_id/keys',
    operationId: 'getKeySet',
    summary: 'The signing keys to trust, signed by the root key',
    tags: ['config'],
    auth: deps.auth,
    params: BotParams,
    responses: { 200: KeySetResponse, problems: credentialProblems },
    handler: async () => ({ status: 200, headers: noStore, body: await readKeySet(deps) }),
  }),
];
