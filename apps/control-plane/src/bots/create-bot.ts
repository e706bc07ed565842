import { type ChangeAccepted, type CreateBotRequest, DomainError } from '@trawling/contracts';
import { insertBot, insertWantedMachine } from '@trawling/database';
import { confirmLive, parseSettings } from '@trawling/domain';
import type { Caller } from '../auth/caller.js';
import { audit } from '../change/audit.js';
import type { Change } from '../change/change.js';
import { generateVersion, saveVersion, type VersionDeps } from '../change/save-version.js';
import { storeSecret, type StoreSecretDeps } from '../secrets/store-secret.js';
import { checkExtras, settingsWarnings, within } from './bot-settings-input.js';

export type CreateBotDeps = VersionDeps & StoreSecretDeps;

/** What a schema cannot say about the body of POST /bots. Throws DomainError with paths as in the body. */
export function checkCreateBot(request: CreateBotRequest): CreateBotRequest {
  return within('settings', () => {
    checkExtras(request.settings.openclaw);
    return { ...request, settings: parseSettings(request.settings) };
  });
}

/**
 * A bot with its first version, its first secrets and the wish for its first machine, all in one transaction.
 * Throws DomainError `forbidden` (another owner), `live-needs-confirmation`, `unavailable` (no agent build).
 */
export async function createBot(deps: CreateBotDeps, change: Change, request: CreateBotRequest): Promise<ChangeAccepted> {
  const { settings, labels, secrets } = request;
  const ownerId = ownerOf(change.caller, request.owner_id);
  confirmLive({ before: null, after: settings, confirmLive: request.confirm_live });
  const botId = deps.newId();

  await insertBot(change.tx, { id: botId, ownerId, name: settings.name, labels, settings, at: change.at });
  const stored = [];
  for (const [name, value] of Object.entries(secrets)) stored.push({ name, version: await storeSecret(deps, change, { botId, name, value }) });
  const payload = await generateVersion(change, { botId, version: 1, settings, paused: false, justMade: { secrets: stored } });
  await saveVersion(deps, change, { payload, settings, paused: false, reason: 'create' });
  await insertWantedMachine(change.tx, { botId, generation: 1, reason: 'The bot was created' });
  const after = { owner_id: ownerId, labels, settings, secrets: Object.keys(secrets) };
  await audit(deps, change, { botId, action: 'create-bot', before: null, after });
  change.wakeMachine(botId, { inTurn: true });

  const names = Object.keys(secrets).map((name) => ({ name }));
  const warnings = settingsWarnings(settings, names);
  return { bot_id: botId, desired_version: 1, hash: payload.hash, changed: true, warnings };
}

/** An owner's key implies the owner; with the other keys the request must name one. */
function ownerOf(caller: Caller, requested: string | undefined): string {
  if (caller.ownerId !== null) {
    if (requested === undefined || requested === caller.ownerId) return caller.ownerId;
    throw new DomainError('forbidden', 'This key creates bots of its own owner only');
  }
  if (requested !== undefined) return requested;
  const issues = [{ path: 'owner_id', message: 'is needed with this key' }];
  throw new DomainError('invalid-request', 'owner_id is needed with this key', { issues });
}
