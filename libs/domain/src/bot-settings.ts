import { BotSettings, DomainError, type Issue, type JsonObject, type JsonValue } from '@trawling/contracts';
import { scheduleProblem } from './cron-schedule.js';
import { jsonProblems } from './json-problems.js';
import { isJsonObject, mergePatch } from './merge-patch.js';

/**
 * Settings from outside, with defaults filled in. Throws DomainError `invalid-request` with every issue: what zod
 * says, schedules that no scheduler runs, and text that the database cannot keep.
 */
export function parseSettings(input: unknown): BotSettings {
  const unfit = jsonProblems(input).map(({ path, message }) => ({ path, message }));
  if (unfit.length > 0) throw invalid(unfit);
  const parsed = BotSettings.safeParse(input);
  if (!parsed.success) {
    throw invalid(parsed.error.issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? unknownSettings(issue) : [
      { path: issue.path.map(String).join('.'), message: issue.message },
    ])));
  }
  const schedules = scheduleIssues(parsed.data);
  if (schedules.length > 0) throw invalid(schedules);
  return parsed.data;
}

/**
 * The settings after an RFC 7396 merge patch; null puts a setting back to its default. Throws as parseSettings does,
 * also for null as the value of something that is no setting, which merging would swallow.
 */
export function applySettingsPatch(settings: BotSettings, patch: JsonObject): BotSettings {
  const merged = mergePatch(toJson(settings), patch);
  const named = BotSettings.safeParse(mergePatch(toJson(settings), namingNulls(patch)));
  const unknown = (named.error?.issues ?? []).flatMap((issue) => (issue.code === 'unrecognized_keys' ? unknownSettings(issue) : []));
  if (unknown.length > 0) throw invalid(unknown);
  return parseSettings(merged);
}

/** The patch with something in the place of every null, so that the contract says which names it does not know. */
function namingNulls(patch: JsonObject): JsonObject {
  const named = (value: JsonValue): JsonValue => (value === null ? '' : isJsonObject(value) ? namingNulls(value) : value);
  return Object.fromEntries(Object.entries(patch).map(([key, value]) => [key, named(value)]));
}

const unknownSettings = ({ path, keys }: { path: PropertyKey[]; keys: string[] }): Issue[] =>
  keys.map((key) => ({ path: [...path, key].map(String).join('.'), message: 'is not a setting' }));

/** The secrets the settings name but the bot does not have (yet): accepted, with a warning each. */
export function missingSecretWarnings(settings: BotSettings, secrets: readonly { name: string }[]): Issue[] {
  const names = new Set(secrets.map(({ name }) => name));
  const channels = Object.entries(settings.channels).filter(([, channel]) => channel && !names.has(channel.token_secret));
  return channels.map(([channel, value]) => ({
    path: `channels.${channel}.token_secret`,
    message: `there is no secret ${value?.token_secret} yet: the channel stays off until it is put`,
  }));
}

function scheduleIssues(settings: BotSettings): Issue[] {
  return Object.entries(settings.schedule).flatMap(([job, expression]) => {
    const message = expression === undefined ? null : scheduleProblem(expression, settings.timezone);
    return message === null ? [] : [{ path: `schedule.${job}`, message }];
  });
}

function invalid(issues: Issue[]): DomainError {
  const first = issues[0];
  return new DomainError('invalid-request', `The settings are not valid: ${first?.path}: ${first?.message}`, { issues });
}

/** Settings are plain JSON but for members that are `undefined`, which JSON leaves out. */
function toJson(settings: BotSettings): JsonObject {
  const parsed: Record<string, JsonValue> = JSON.parse(JSON.stringify(settings));
  return parsed;
}
