import { BotConfigPayload, CONFIG_PATCH_MEDIA_TYPE, CONFIG_SIGNATURE_HEADER, DELTA_BASE_HEADER, JsonPatch } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { z } from 'zod';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, credentialProblems } from '../bot-route.js';
import { CONFIG_PATH, configHeaders, knownHashes, takesPatch } from './config-headers.js';
import { fetchConfig, type FetchConfigDeps } from './fetch-config.js';

export type ConfigRoutesDeps = FetchConfigDeps & {
  auth: Authenticator<CallingBot>;
  /** While a request waits: not another call to be counted. */
  checkAgain: Authenticator<CallingBot>['authenticate'];
};

const ConfigQuery = z.strictObject({
  /** Seconds to hold the answer while there is nothing newer than If-None-Match names. */
  wait: z
    .string()
    .regex(/^(?:[1-9]|[1-5][0-9]|60)$/, 'expected 1 to 60 in decimal digits')
    .transform(Number)
    .optional(),
});

export const configRoutes = (deps: ConfigRoutesDeps): Route[] => [
  defineRoute({
    method: 'get',
    path: CONFIG_PATH,
    operationId: 'getConfig',
    summary: 'The latest desired config, byte for byte as it was signed, or a patch to it',
    tags: ['config'],
    auth: deps.auth,
    params: BotParams,
    query: ConfigQuery,
    responses: {
      200: { description: 'The payload, or the patch that makes it', schema: BotConfigPayload, alternatives: { [CONFIG_PATCH_MEDIA_TYPE]: JsonPatch } },
      304: null,
      problems: [...credentialProblems, 'invalid-request'],
    },
    async handler({ auth, query, req, res }) {
      const config = await fetchConfig(deps, {
        botId: auth.botId,
        known: knownHashes(req.headers['if-none-match']),
        waitSeconds: query.wait ?? 0,
        takesDelta: takesPatch(req.headers.accept),
        stillAllowed: async () => deps.checkAgain(req),
        onGone: (gone) => res.once('close', gone),
      });
      const headers = configHeaders(config.hash);
      if (config.kind === 'unchanged') return { status: 304, headers };
      const signed = { ...headers, [CONFIG_SIGNATURE_HEADER]: config.signature };
      if (config.kind === 'full') return { status: 200, headers: signed, raw: config.payload };
      const { base, patch } = config.delta;
      return { status: 200, headers: { ...signed, 'Content-Type': CONFIG_PATCH_MEDIA_TYPE, [DELTA_BASE_HEADER]: `"${base}"` }, raw: patch };
    },
  }),
];
