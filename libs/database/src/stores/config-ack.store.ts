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

/** What became of an ack: `forgotten` is one of an older version whose snapshot is not kept any more. */
export type AckVerdict = { outcome: 'stored' | 'forgotten' | 'unknown-version' } | { outcome: 'other-hash'; issuedHash: string };

/**
 * Acks are retried and may overtake each other. The row keeps the latest verdict of one version by the bot's own clock,
 * except that a verdict always beats `applying`: a clock that was set back between the two must not hide it.
 * Reported state follows in the same statement, upward only within one machine generation.
 */
const saveAcks = `
WITH said AS (
  SELECT s.*, v.hash AS issued_hash, COALESCE(s.version < b.desired_version, false) AS is_older
  FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
    AS s(bot_id, generation, version, hash, outcome, error, applied_at)
  LEFT JOIN LATERAL (SELECT desired_version FROM bot WHERE id = s.bot_id LIMIT 1) b ON true
  LEFT JOIN LATERAL (SELECT hash FROM config_version WHERE bot_id = s.bot_id AND version = s.version LIMIT 1) v ON true
), ack AS (
  INSERT INTO config_ack AS a (bot_id, version, outcome, error, applied_at)
  SELECT bot_id, version, outcome, error::jsonb, applied_at FROM said WHERE hash = issued_hash ORDER BY bot_id
  ON CONFLICT (bot_id, version) DO UPDATE
    SET outcome = EXCLUDED.outcome, error = EXCLUDED.error, applied_at = EXCLUDED.applied_at, received_at = now()
    WHERE (a.outcome = 'applying' AND EXCLUDED.outcome <> 'applying')
       OR (a.outcome = 'applying' AND EXCLUDED.applied_at >= a.applied_at)
       OR (a.outcome <> 'applying' AND EXCLUDED.outcome = 'applying' AND EXCLUDED.applied_at > a.applied_at)
       OR (a.outcome <> 'applying' AND EXCLUDED.outcome <> 'applying' AND EXCLUDED.applied_at >= a.applied_at)
  RETURNING a.bot_id, a.version
), reported AS (
  INSERT INTO bot_reported AS r (bot_id, generation, applied_version, applied_hash, last_seen_version, highest_version)
  SELECT s.bot_id, s.generation, s.version, s.hash, s.version, s.version
  FROM said s JOIN ack ON ack.bot_id = s.bot_id AND ack.version = s.version
  WHERE s.outcome = 'applied' ORDER BY s.bot_id
  ON CONFLICT (bot_id) DO UPDATE
    SET generation = EXCLUDED.generation,
        applied_version = EXCLUDED.applied_version,
        applied_hash = EXCLUDED.applied_hash,
        last_seen_version = GREATEST(r.last_seen_version, EXCLUDED.last_seen_version),
        highest_version = GREATEST(r.highest_version, EXCLUDED.highest_version)
    WHERE COALESCE(r.generation, 0) < EXCLUDED.generation
       OR (r.generation = EXCLUDED.generation AND COALESCE(r.applied_version, 0) <= EXCLUDED.applied_version)
)
SELECT bot_id AS "botId", issued_hash AS "issuedHash", is_older AS "isOlder" FROM said`;

interface JudgedRow {
  botId: string;
  issuedHash: string | null;
  isOlder: boolean;
}

export const configAckStore = (db: Queryable) => ({
  /**
   * Records verdicts of bots; the same ack again leaves the same rows. At most one of a bot; answers in their order.
   * An ack that does not fit what was issued stores nothing.
   */
  async saveAcks(acks: readonly AckRow[]): Promise<AckVerdict[]> {
    const { rows } = await db.query<JudgedRow>({
      name: 'save-acks',
      text: saveAcks,
      values: [
        acks.map((ack) => ack.botId),
        acks.map((ack) => ack.generation),
        acks.map((ack) => ack.version),
        acks.map((ack) => ack.hash),
        acks.map((ack) => ack.outcome),
        acks.map((ack) => (ack.error === undefined || ack.error === null ? null : JSON.stringify(ack.error))),
        acks.map((ack) => ack.appliedAt),
      ],
    });
    const judged = new Map(rows.map((row) => [row.botId, row]));
    return acks.map((ack) => verdictOf(ack, judged.get(ack.botId)));
  },
});

function verdictOf(ack: AckRow, row: JudgedRow | undefined): AckVerdict {
  if (!row || row.issuedHash === null) return { outcome: row?.isOlder ? 'forgotten' : 'unknown-version' };
  return row.issuedHash === ack.hash ? { outcome: 'stored' } : { outcome: 'other-hash', issuedHash: row.issuedHash };
}
