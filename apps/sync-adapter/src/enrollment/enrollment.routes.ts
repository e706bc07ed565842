import { EnrollPending, EnrollRequest, EnrollResponse } from '@trawling/contracts';
import { defineRoute, type Route } from '@trawling/http';
import { BotParams, bodyProblems, credentialProblems, noStore } from '../bot-route.js';
import { requestEnrollment, type RequestEnrollmentDeps } from './request-enrollment.js';

export type EnrollmentRoutesDeps = RequestEnrollmentDeps & {
  /** How long an answer is held for the control plane's verdict. */
  waitMs: number;
};

export const enrollmentRoutes = (deps: EnrollmentRoutesDeps): Route[] => [
  defineRoute({
    method: 'post',
    path: '/bots/:bot_id/enroll',
    operationId: 'enroll',
    summary: 'Asks for a machine to be enrolled; the control plane decides',
    description: 'The same request again gets the same answer. 202 with Retry-After: not decided yet, send it again.',
    tags: ['enrollment'],
    auth: 'none',
    params: BotParams,
    body: EnrollRequest,
    bodyLimit: 16_384,
    responses: {
      201: EnrollResponse,
      202: EnrollPending,
      problems: [...credentialProblems, ...bodyProblems, 'enrollment-refused', 'enrollment-token-used'],
    },
    async handler({ params, body, log }) {
      const botId = params.bot_id.toLowerCase();
      const answer = await requestEnrollment(deps, { botId, request: body, waitMs: deps.waitMs });
      if (answer === null) return { status: 202, headers: { ...noStore, 'Retry-After': '1' }, body: { status: 'pending' } };
      log.info({ bot_id: botId, generation: answer.generation }, 'machine enrolled');
      return { status: 201, headers: noStore, body: answer };
    },
  }),
];
