import { type ChangeAccepted, DomainError, type JsonObject, Labels, type UpdateBotRequest } from '@trawling/contracts';
import { currentSecrets, saveLabels } from '@trawling/database';
import { applySettingsPatch, canonicalJson, confirmLive, mergePatch } from '@trawling/domain';
import type { z } from 'zod';
import { audit } from '../change/audit.js';
import type { Change } from '../change/change.js';
import { lockBotForChange } from '../change/lock-bot-for-change.js';
import { nextVersionOf } from '../change/next-version-of.js';
import { generateVersion, saveVersion, storedVersion, type VersionDeps } from '../change/save-version.js';
import { checkExtras, settingsWarnings, storedSettings } from './bot-settings-input.js';

export type UpdateBotInput = {
  botId: string;
  ifMatch: string | undefined;
  confirmLive: boolean;
  expectedVersion: number | undefined;
  labels: Record<string, string | null>;
  /** RFC 7396 merge patch on the settings. */
  patch: JsonObject;
};

/** Splits the body of PATCH /bots/{id} into what is a setting and what is not. */
export function readUpdateBot(body: UpdateBotRequest): Pick<UpdateBotInput, 'confirmLive' | 'expectedVersion' | 'labels' | 'patch'> {
  const { confirm_live, expected_version, labels, ...patch } = body;
  return { confirmLive: confirm_live ?? false, expectedVersion: expected_version, labels: labels ?? {}, patch };
}

/**
 * Changes settings and labels. Settings that come out different make a new version; labels alone do not, and a change
 * that changes nothing is answered with `changed: false`.
 */
export async function updateBot(deps: VersionDeps, change: Change, input: UpdateBotInput): Promise<ChangeAccepted> {
  const { botId, patch } = input;
  const bot = await lockBotForChange(change, botId, input);
  const before = storedSettings(bot.settings);
  const after = applySettingsPatch(before, patch);
  // The merged extras, not the patch: in a patch null takes an extra away, which is always allowed.
  if ('openclaw' in patch) checkExtras(after.openclaw);
  confirmLive({ before, after, confirmLive: input.confirmLive });
  const labels = Labels.parse(bot.labels);
  const newLabels = mergedLabels(labels, input.labels);
  const settingsChanged = canonicalJson(before) !== canonicalJson(after);
  const labelsChanged = canonicalJson(labels) !== canonicalJson(newLabels);

  if (labelsChanged) await saveLabels(change.tx, botId, newLabels, change.at);
  let { desiredVersion } = bot;
  if (settingsChanged) {
    desiredVersion = await nextVersionOf(change, bot);
    const payload = await generateVersion(change, { botId, version: desiredVersion, settings: after, paused: bot.paused });
    await saveVersion(deps, change, { payload, settings: after, paused: bot.paused, reason: 'update' });
  }
  const changed = settingsChanged || labelsChanged;
  if (changed) {
    await audit(deps, change, {
      botId,
      action: 'update-bot',
      before: { version: bot.desiredVersion, labels, settings: before },
      after: { version: desiredVersion, labels: newLabels, settings: after },
    });
  }
  const { row } = await storedVersion(change.tx, botId, desiredVersion);
  const warnings = settingsWarnings(after, await currentSecrets(change.tx, botId));
  return { bot_id: botId, desired_version: desiredVersion, hash: row.hash, changed, warnings };
}

/** Throws DomainError `invalid-request`. */
function mergedLabels(labels: z.infer<typeof Labels>, patch: Record<string, string | null>): z.infer<typeof Labels> {
  const merged = Labels.safeParse(mergePatch(labels, patch));
  if (merged.success) return merged.data;
  const issues = merged.error.issues.map(({ path, message }) => ({ path: ['labels', ...path].map(String).join('.'), message }));
  throw new DomainError('invalid-request', `${issues[0]?.path}: ${issues[0]?.message}`, { issues });
}
