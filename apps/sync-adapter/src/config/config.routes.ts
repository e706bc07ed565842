import { BotConfigPayload, CONFIG_SIGNATURE_HEADER } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { z } from 'zod';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, credentialProblems, noStore } from '../bot-route.js';
import { etagOf, knownHashes } from './etag.js';
import { fetchConfig, type FetchConfigDeps } from './fetch-config.js';

export type ConfigRoutesDeps = Omit<FetchConfigDeps, 'stillAllowed'> & { auth: Authenticator<CallingBot> };

const ConfigQuery = z.strictObject({
  /** Seconds to hold the answer while there is nothing newer than If-None-Match names. */
  wait: z.coerce.number().int().min(1).max(60).optional(),
});

export const configRoutes = (deps: ConfigRoutesDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: '/bots/:bot_id/config',
    operationId: 'getConfig',
    summary: 'The latest desired config, byte for byte as it was signed',
    tags: ['config'],
    auth: deps.auth,
    params: BotParams,
    query: ConfigQuery,
    responses: { 200: BotConfigPayload, 304: null, problems: [...credentialProblems, 'invalid-request'] },
    async handler({ auth, query, req }) {
      const stillAllowed = async () => deps.auth.authenticate(req);
      const input = { botId: auth.botId, known: knownHashes(req.headers['if-none-match']), waitSeconds: query.wait ?? 0 };
      const config = await fetchConfig({ ...deps, stillAllowed }, input);
      const headers = { ...noStore, 'ETag': etagOf(config.hash), 'Vary': 'Authorization' };
      if (!config.changed) return { status: 304, headers };
      return { status: 200, headers: { ...headers, [CONFIG_SIGNATURE_HEADER]: config.signature }, raw: config.payload };
    },
  }),
];
