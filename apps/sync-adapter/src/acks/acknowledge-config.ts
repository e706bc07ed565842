import { DomainError, type ConfigAck } from '@trawling/contracts';
import type { AckRow } from '@trawling/database';
import type { CallingBot } from '../authentication/authenticate-bot.js';

export interface AcknowledgeConfigDeps {
  findVersionHash: (botId: string, version: number) => Promise<string | null>;
  saveAck: (ack: AckRow) => Promise<void>;
}

/**
 * Records the bot's verdict on one version. Acks are retried and may overtake each other, so a late one of an older
 * version is recorded and changes nothing else. Throws version-not-found, hash-mismatch.
 */
export async function acknowledgeConfig(deps: AcknowledgeConfigDeps, bot: CallingBot, ack: ConfigAck): Promise<void> {
  const version = Number(ack.version);
  const hash = await deps.findVersionHash(bot.botId, version);
  if (hash === null) throw new DomainError('version-not-found', `There is no version ${version} of this bot.`);
  if (hash !== ack.hash) {
    throw new DomainError('hash-mismatch', `Version ${version} has another hash.`, { version: ack.version, expected_hash: hash });
  }
  await deps.saveAck({
    botId: bot.botId,
    generation: bot.generation,
    version,
    hash,
    outcome: ack.outcome,
    error: ack.error,
    appliedAt: new Date(ack.applied_at),
  });
}
