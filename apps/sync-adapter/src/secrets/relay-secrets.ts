import { BotConfigPayload, DomainError, type SealedSecrets } from '@trawling/contracts';
import type { DesiredConfigRow, SealedSecretRow } from '@trawling/database';
import { secretReferences } from '@trawling/domain';

/** The control plane seals within a moment of the enrollment or of the new secret. */
const RETRY_AFTER_SECONDS = 2;

export interface RelaySecretsDeps {
  findDesiredConfig: (botId: string) => Promise<DesiredConfigRow | null>;
  listSealedSecrets: (botId: string, credentialId: string) => Promise<SealedSecretRow[]>;
}

/**
 * The secrets that the desired config names, as the control plane sealed them to this machine. Nothing in between can
 * open them. One that is not sealed yet makes the whole answer secrets-not-sealed: half of them would not start a bot.
 */
export async function relaySecrets(
  deps: RelaySecretsDeps,
  bot: { botId: string; credentialId: string },
): Promise<SealedSecrets> {
  const desired = await deps.findDesiredConfig(bot.botId);
  if (!desired) throw new DomainError('bot-not-found', 'There is no config for this bot.');
  const wanted = secretReferences(BotConfigPayload.parse(JSON.parse(desired.payload)));
  const sealed = await deps.listSealedSecrets(bot.botId, bot.credentialId);

  const isWanted = (row: SealedSecretRow): boolean =>
    wanted.some((reference) => reference.secret === row.name && reference.version === row.version);
  const missing = wanted.filter((reference) => !sealed.some((row) => row.name === reference.secret && row.version === reference.version));
  if (missing.length > 0) {
    const names = missing.map((reference) => `${reference.secret} version ${reference.version}`).join(', ');
    throw new DomainError('secrets-not-sealed', `Not sealed for this machine yet: ${names}.`, { retry_after: RETRY_AFTER_SECONDS });
  }
  return { secrets: sealed.filter(isWanted) };
}
