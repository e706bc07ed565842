import { BotStatus, HeartbeatResponse } from '@trawling/contracts';
import { defineRoute, type Authenticator, type Route } from '@trawling/http';
import { type CallingBot } from '../authentication/authenticate-bot.js';
import { BotParams, bodyProblems, credentialProblems } from '../bot-route.js';
import { limits } from '../limits/limits.js';
import { recordHeartbeat, type RecordHeartbeatDeps } from './record-heartbeat.js';

export const HEARTBEAT_PATH = '/bots/:bot_id/heartbeat';

export const heartbeatRoutes = (deps: RecordHeartbeatDeps & { auth: Authenticator<CallingBot> }): Route[] => [
  defineRoute({
    method: 'post',
    path: HEARTBEAT_PATH,
    operationId: 'sendHeartbeat',
    summary: 'Stores the status and renews the lease; 409 says that a newer config is there',
    tags: ['reports'],
    auth: deps.auth,
    params: BotParams,
    body: BotStatus,
    bodyLimit: limits.heartbeat.bodyBytes,
    logLevel: 'debug',
    responses: { 200: HeartbeatResponse, problems: [...credentialProblems, ...bodyProblems, 'config-update-available'] },
    handler: async ({ auth, body }) => ({ status: 200, body: await recordHeartbeat(deps, auth, body) }),
  }),
];
