import { ChangeAccepted, type ProblemCode, RebuildAccepted, RebuildRequest, RollbackRequest, VersionedCommand } from '@trawling/contracts';
import { defineRoute, type Route } from '@trawling/http';
import { writer } from '../auth/api-key-auth.js';
import { type Change, runChange } from '../change/change.js';
import { ChangeHeaders, changeHeaders, changeProblems, changeRequest } from '../change/change-request.js';
import type { Preconditions } from '../change/lock-bot-for-change.js';
import { at } from '../routes.js';
import { BotParams, type BotsRoutesDeps } from './bots.routes.js';
import { pauseBot } from './pause-bot.js';
import { rebuildBot } from './rebuild-bot.js';
import { resumeBot } from './resume-bot.js';
import { retryBot } from './retry-bot.js';
import { rollbackBot } from './rollback-bot.js';

/** What is asked of a bot besides new settings. Each makes a new version: nothing here is a command that can get lost. */
export const commandsRoutes = (deps: BotsRoutesDeps): Route[] => [
  defineRoute({
    ...at('rollbackBot'),
    summary: 'Bring back the settings and content of an older version, as a new one',
    tags: ['bots'],
    auth: writer(deps),
    params: BotParams,
    headers: ChangeHeaders,
    body: RollbackRequest,
    responses: {
      202: ChangeAccepted,
      problems: [...changeProblems, 'version-not-found', 'live-needs-confirmation', 'openclaw-path-not-allowed'],
    },
    async handler(input) {
      const { version: toVersion, confirm_live: confirmLive, expected_version: expectedVersion } = input.body;
      const rollback = { botId: input.params.bot_id, toVersion, confirmLive, expectedVersion, ifMatch: input.headers['if-match'] };
      const answer = await runChange(deps, changeRequest(input, 202), ChangeAccepted, (change) => rollbackBot(deps, change, rollback));
      return { status: 202, headers: changeHeaders(answer), body: answer.body };
    },
  }),
  defineRoute({
    ...at('rebuildBot'),
    summary: 'Replace the bot’s machine by a new one',
    description: 'The bot keeps its settings and secrets. It does not trade until its old machine is confirmed gone.',
    tags: ['bots'],
    auth: writer(deps),
    params: BotParams,
    headers: ChangeHeaders,
    body: RebuildRequest,
    responses: { 202: RebuildAccepted, problems: changeProblems },
    async handler(input) {
      const { expected_version: expectedVersion, old_machine_gone: oldMachineGone } = input.body;
      const asked = { botId: input.params.bot_id, expectedVersion, oldMachineGone, ifMatch: input.headers['if-match'] };
      const answer = await runChange(deps, changeRequest(input, 202), RebuildAccepted, (change) => rebuildBot(deps, change, asked));
      return { status: 202, headers: changeHeaders(answer), body: answer.body };
    },
  }),
  command(deps, 'pauseBot', 'Stop trading; the risk check and the machine keep running, and a cloud machine is billed', pauseBot),
  command(deps, 'resumeBot', 'Trade again', resumeBot),
  command(deps, 'retryBot', 'Try again: a version that failed, drifted or left the bot unhealthy, as a new one; a machine that could not be made', retryBot, ['nothing-to-retry']),
];

/** Pause, resume and retry differ in nothing but the use case. */
function command(
  deps: BotsRoutesDeps,
  operation: 'pauseBot' | 'resumeBot' | 'retryBot',
  summary: string,
  run: (deps: BotsRoutesDeps, change: Change, input: Preconditions & { botId: string }) => Promise<ChangeAccepted>,
  problems: readonly ProblemCode[] = [],
): Route {
  return defineRoute({
    ...at(operation),
    summary,
    tags: ['bots'],
    auth: writer(deps),
    params: BotParams,
    headers: ChangeHeaders,
    body: VersionedCommand,
    responses: { 202: ChangeAccepted, problems: [...changeProblems, ...problems] },
    async handler(input) {
      const { expected_version: expectedVersion } = input.body;
      const asked = { botId: input.params.bot_id, expectedVersion, ifMatch: input.headers['if-match'] };
      const answer = await runChange(deps, changeRequest(input, 202), ChangeAccepted, (change) => run(deps, change, asked));
      return { status: 202, headers: changeHeaders(answer), body: answer.body };
    },
  });
}
