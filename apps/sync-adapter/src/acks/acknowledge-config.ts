import { DomainError, type ConfigAck } from '@trawling/contracts';
import type { AckRow, AckVerdict } from '@trawling/database';
import type { CallingBot } from '../authentication/authenticate-bot.js';
import { absurdTime } from '../reports/storable.js';

export interface AcknowledgeConfigDeps {
  /** Resolves after the commit. */
  saveAck: (ack: AckRow) => Promise<AckVerdict>;
  now: () => Date;
}

/**
 * Records the bot's verdict on one version. Acks are retried and may overtake each other, so a late one of an older
 * version is recorded and changes nothing else; one whose snapshot is not kept any more changes nothing at all.
 * The verdict counts also when the bot's clock is absurd: then it was given now. Throws version-not-found, hash-mismatch.
 */
export async function acknowledgeConfig(deps: AcknowledgeConfigDeps, bot: CallingBot, ack: ConfigAck): Promise<void> {
  const now = deps.now();
  const verdict = await deps.saveAck({
    botId: bot.botId,
    generation: bot.generation,
    version: Number(ack.version),
    hash: ack.hash,
    outcome: ack.outcome,
    error: ack.error,
    appliedAt: absurdTime(ack.applied_at, now) === null ? new Date(ack.applied_at) : now,
  });
  if (verdict.outcome === 'unknown-version') {
    throw new DomainError('version-not-found', `There is no version ${ack.version} of this bot.`);
  }
  if (verdict.outcome === 'other-hash') {
    throw new DomainError('hash-mismatch', `Version ${ack.version} has another hash.`, { version: ack.version, expected_hash: verdict.issuedHash });
  }
}
