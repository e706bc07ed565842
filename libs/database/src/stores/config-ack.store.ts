import type { Queryable } from '../queryable.js';

export interface AckRow {
  botId: string;
  generation: number;
  version: number;
  hash: string;
  outcome: 'applying' | 'applied' | 'failed';
  error: unknown;
  appliedAt: Date;
}

/**
 * Acks are retried and may overtake each other. The row keeps the latest verdict of one version by the bot's own clock,
 * except that a verdict always beats `applying`: a clock that was set back between the two must not hide it.
 * Reported state follows in the same statement, upward only within one machine generation.
 */
const saveAck = `
WITH ack AS (
  INSERT INTO config_ack AS a (bot_id, version, outcome, error, applied_at)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (bot_id, version) DO UPDATE
    SET outcome = EXCLUDED.outcome, error = EXCLUDED.error, applied_at = EXCLUDED.applied_at, received_at = now()
    WHERE (a.outcome = 'applying' AND EXCLUDED.outcome <> 'applying')
       OR (a.outcome = 'applying' AND EXCLUDED.applied_at >= a.applied_at)
       OR (a.outcome <> 'applying' AND EXCLUDED.outcome = 'applying' AND EXCLUDED.applied_at > a.applied_at)
       OR (a.outcome <> 'applying' AND EXCLUDED.outcome <> 'applying' AND EXCLUDED.applied_at >= a.applied_at)
  RETURNING a.bot_id, a.version
)
INSERT INTO bot_reported AS r (bot_id, generation, applied_version, applied_hash, last_seen_version)
SELECT bot_id, $6::int, version, $7, version FROM ack WHERE $3 = 'applied'
ON CONFLICT (bot_id) DO UPDATE
  SET generation = EXCLUDED.generation,
      applied_version = EXCLUDED.applied_version,
      applied_hash = EXCLUDED.applied_hash,
      last_seen_version = GREATEST(r.last_seen_version, EXCLUDED.last_seen_version)
  WHERE COALESCE(r.generation, 0) < EXCLUDED.generation
     OR (r.generation = EXCLUDED.generation AND COALESCE(r.applied_version, 0) <= EXCLUDED.applied_version)`;

export const configAckStore = (db: Queryable) => ({
  /** Idempotent: the same ack again leaves the same rows. */
  async saveAck(ack: AckRow): Promise<void> {
    const error = ack.error === undefined || ack.error === null ? null : JSON.stringify(ack.error);
    await db.query({
      name: 'save-ack',
      text: saveAck,
      values: [ack.botId, ack.version, ack.outcome, error, ack.appliedAt, ack.generation, ack.hash],
    });
  },
});
