import { RotateCredentialPending, RotateCredentialRequest, RotateCredentialResponse } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, bodyProblems, credentialProblems, noStore } from '../bot-route.js';
import { limits } from '../limits/limits.js';
import { requestRotation, type RequestRotationDeps } from './request-rotation.js';

export type CredentialsRoutesDeps = RequestRotationDeps & {
  auth: Authenticator<CallingBot>;
  /** How long an answer is held for the control plane's verdict. */
  waitMs: number;
};

export const credentialsRoutes = (deps: CredentialsRoutesDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/bots/:bot_id/credentials/rotate',
    operationId: 'rotateCredential',
    summary: 'Asks for a candidate to become the credential with its first use; the control plane decides',
    description: 'The same request again gets the same answer. 202 with Retry-After: not decided yet, send it again.',
    tags: ['enrollment'],
    auth: deps.auth,
    params: BotParams,
    body: RotateCredentialRequest,
    bodyLimit: limits.credentials.bodyBytes,
    responses: {
      201: RotateCredentialResponse,
      202: RotateCredentialPending,
      problems: [...credentialProblems, ...bodyProblems, 'rotation-refused'],
    },
    async handler({ auth, body, log }) {
      const answer = await requestRotation(deps, { bot: auth, request: body, waitMs: deps.waitMs });
      if (answer === null) return { status: 202, headers: { ...noStore, 'Retry-After': '1' }, body: { status: 'pending' } };
      log.info({ credential_id: answer.credential_id }, 'a credential is ready for its first use');
      return { status: 201, headers: noStore, body: answer };
    },
  }),
];
