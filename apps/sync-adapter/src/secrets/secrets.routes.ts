import { SealedSecrets } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, credentialProblems, noStore } from '../bot-route.js';
import { relaySecrets, type RelaySecretsDeps } from './relay-secrets.js';

export const secretsRoutes = (deps: RelaySecretsDeps & { auth: Authenticator<CallingBot> }): Route[] => [
  defineRoute({
    method: 'get',
    path: '/bots/:bot_id/secrets',
    operationId: 'getSecrets',
    summary: 'The secrets of the desired config, sealed to this machine by the control plane',
    tags: ['config'],
    auth: deps.auth,
    params: BotParams,
    responses: { 200: SealedSecrets, problems: [...credentialProblems, 'secrets-not-sealed'] },
    handler: async ({ auth }) => ({ status: 200, headers: noStore, body: await relaySecrets(deps, auth) }),
  }),
];
