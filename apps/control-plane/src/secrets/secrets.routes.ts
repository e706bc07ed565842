import { BotId, PutSecretRequest, SecretAccepted, SecretName } from '@trawling/contracts';
import { defineRoute, type Route } from '@trawling/http';
import { z } from 'zod';
import { writer } from '../auth/api-key-auth.js';
import type { BotsRoutesDeps } from '../bots/bots.routes.js';
import { runChange } from '../change/change.js';
import { ChangeHeaders, changeHeaders, changeProblems, changeRequest } from '../change/change-request.js';
import { at } from '../routes.js';
import { deleteSecret } from './delete-secret.js';
import { putSecret } from './put-secret.js';

const SecretParams = z.strictObject({ bot_id: BotId, name: SecretName });

/** Secrets go in and are never shown again. */
export const secretsRoutes = (deps: BotsRoutesDeps): Route[] => [
  defineRoute({
    ...at('putSecret'),
    summary: 'Store a new value of a secret',
    tags: ['secrets'],
    auth: writer(deps),
    params: SecretParams,
    headers: ChangeHeaders,
    body: PutSecretRequest,
    responses: { 202: SecretAccepted, problems: changeProblems },
    async handler(input) {
      const { bot_id: botId, name } = input.params;
      const secret = { botId, name, value: input.body.value, ifMatch: input.headers['if-match'] };
      const answer = await runChange(deps, changeRequest(input, 202), SecretAccepted, (change) => putSecret(deps, change, secret));
      return { status: 202, headers: changeHeaders(answer), body: answer.body };
    },
  }),
  defineRoute({
    ...at('deleteSecret'),
    summary: 'Erase a secret with all its values',
    tags: ['secrets'],
    auth: writer(deps),
    params: SecretParams,
    headers: ChangeHeaders,
    responses: { 202: SecretAccepted, problems: [...changeProblems, 'secret-not-found'] },
    async handler(input) {
      const { bot_id: botId, name } = input.params;
      const secret = { botId, name, ifMatch: input.headers['if-match'] };
      const answer = await runChange(deps, changeRequest(input, 202), SecretAccepted, (change) => deleteSecret(deps, change, secret));
      return { status: 202, headers: changeHeaders(answer), body: answer.body };
    },
  }),
];
