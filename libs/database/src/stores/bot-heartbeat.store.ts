import type { Queryable } from '../queryable.js';

export interface HeartbeatRow {
  botId: string;
  generation: number;
  bootId: string;
  sequence: number;
  status: unknown;
  appliedVersion: number | null;
  appliedHash: string | null;
  lastSeenVersion: number | null;
  /** Highest version this heartbeat speaks of. */
  highestVersion: number | null;
  leaseSeconds: number;
}

export interface HeartbeatVerdict {
  /** The boot before the one we know as the newest spoke again: two machines share one identity. */
  isDuplicateIdentity: boolean;
}

const newerMachine = '(COALESCE(r.generation, 0) < EXCLUDED.generation)';

/** A boot that another one took over from: it may be a copy of the machine, so it never overwrites the newer one. */
const otherBoot = '(r.boot_id IS DISTINCT FROM EXCLUDED.boot_id AND r.previous_boot_id IS DISTINCT FROM EXCLUDED.boot_id)';

/** A new boot starts its own sequence; within one boot only a higher one is news. */
const isNews = `(${newerMachine} OR (r.generation = EXCLUDED.generation AND (${otherBoot}
  OR (r.boot_id = EXCLUDED.boot_id AND (r.sequence IS NULL OR r.sequence < EXCLUDED.sequence)))))`;

/** A new machine starts from nothing, so what it says replaces what the old one said; otherwise upward only. */
const appliedMoves = `(${newerMachine} OR (${isNews}
  AND COALESCE(r.applied_version, 0) <= COALESCE(EXCLUDED.applied_version, 0)))`;

/**
 * An applied version counts only when it was issued with that hash: a restored database may not know it. LIMIT keeps the
 * look-up one of the index for each heartbeat, whatever the planner thinks of the size of a batch.
 */
const saveHeartbeats = `
INSERT INTO bot_reported AS r
  (bot_id, generation, boot_id, sequence, status, applied_version, applied_hash, last_seen_version, highest_version,
   last_heartbeat_at, lease_expires_at)
SELECT b.bot_id, b.generation, b.boot_id, b.sequence, b.status::jsonb, v.version, v.hash, b.last_seen_version, b.highest_version,
  now(), now() + make_interval(secs => b.lease_seconds)
FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::bigint[], $5::text[], $6::int[], $7::text[], $8::int[], $9::int[], $10::int[])
  AS b(bot_id, generation, boot_id, sequence, status, applied_version, applied_hash, last_seen_version, highest_version, lease_seconds)
LEFT JOIN LATERAL (
  SELECT c.version, c.hash FROM config_version c
  WHERE c.bot_id = b.bot_id AND c.version = b.applied_version AND c.hash = COALESCE(b.applied_hash, c.hash) LIMIT 1
) v ON true
ORDER BY b.bot_id
ON CONFLICT (bot_id) DO UPDATE SET
  last_heartbeat_at = GREATEST(r.last_heartbeat_at, EXCLUDED.last_heartbeat_at),
  lease_expires_at = EXCLUDED.lease_expires_at,
  generation = CASE WHEN ${isNews} THEN EXCLUDED.generation ELSE r.generation END,
  boot_id = CASE WHEN ${isNews} THEN EXCLUDED.boot_id ELSE r.boot_id END,
  previous_boot_id = CASE
    WHEN ${newerMachine} THEN NULL
    WHEN r.generation = EXCLUDED.generation AND ${otherBoot} THEN r.boot_id
    ELSE r.previous_boot_id END,
  sequence = CASE WHEN ${isNews} THEN EXCLUDED.sequence ELSE r.sequence END,
  status = CASE WHEN ${isNews} THEN EXCLUDED.status ELSE r.status END,
  applied_version = CASE WHEN ${appliedMoves} THEN EXCLUDED.applied_version ELSE r.applied_version END,
  applied_hash = CASE WHEN ${appliedMoves} THEN EXCLUDED.applied_hash ELSE r.applied_hash END,
  last_seen_version = CASE
    WHEN ${newerMachine} THEN EXCLUDED.last_seen_version
    WHEN ${isNews} THEN GREATEST(r.last_seen_version, EXCLUDED.last_seen_version)
    ELSE r.last_seen_version END,
  highest_version = GREATEST(r.highest_version, EXCLUDED.highest_version)
RETURNING r.bot_id AS "botId", r.generation, r.boot_id AS "bootId", r.previous_boot_id AS "previousBootId"`;

interface SavedRow {
  botId: string;
  generation: number;
  bootId: string;
  previousBootId: string | null;
}

export const botHeartbeatStore = (db: Queryable) => ({
  /**
   * Renews leases by the database's clock in every case; an older sequence of the same boot changes nothing else.
   * At most one heartbeat of a bot; verdicts in the order of the heartbeats.
   */
  async saveHeartbeats(beats: readonly HeartbeatRow[]): Promise<HeartbeatVerdict[]> {
    const { rows } = await db.query<SavedRow>({
      name: 'save-heartbeats',
      text: saveHeartbeats,
      values: [
        beats.map((beat) => beat.botId),
        beats.map((beat) => beat.generation),
        beats.map((beat) => beat.bootId),
        beats.map((beat) => beat.sequence),
        beats.map((beat) => JSON.stringify(beat.status)),
        beats.map((beat) => beat.appliedVersion),
        beats.map((beat) => beat.appliedHash),
        beats.map((beat) => beat.lastSeenVersion),
        beats.map((beat) => beat.highestVersion),
        beats.map((beat) => beat.leaseSeconds),
      ],
    });
    const saved = new Map(rows.map((row) => [row.botId, row]));
    return beats.map((beat) => {
      const row = saved.get(beat.botId);
      return { isDuplicateIdentity: row?.generation === beat.generation && row.previousBootId === beat.bootId.toLowerCase() };
    });
  },
});
