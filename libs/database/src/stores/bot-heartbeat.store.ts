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
  leaseSeconds: number;
}

const newerMachine = '(COALESCE(r.generation, 0) < EXCLUDED.generation)';

/** A new boot starts its own sequence; within one boot only a higher one is news. */
const isNews = `(${newerMachine} OR (r.generation = EXCLUDED.generation
  AND (r.boot_id IS DISTINCT FROM EXCLUDED.boot_id OR r.sequence IS NULL OR r.sequence < EXCLUDED.sequence)))`;

/** A new machine starts from nothing, so what it says replaces what the old one said; otherwise upward only. */
const appliedMoves = `(${newerMachine} OR (${isNews}
  AND COALESCE(r.applied_version, 0) <= COALESCE(EXCLUDED.applied_version, 0)))`;

const saveHeartbeat = `
INSERT INTO bot_reported AS r
  (bot_id, generation, boot_id, sequence, status, applied_version, applied_hash, last_seen_version,
   last_heartbeat_at, lease_expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now() + make_interval(secs => $9))
ON CONFLICT (bot_id) DO UPDATE SET
  last_heartbeat_at = EXCLUDED.last_heartbeat_at,
  lease_expires_at = EXCLUDED.lease_expires_at,
  generation = CASE WHEN ${isNews} THEN EXCLUDED.generation ELSE r.generation END,
  boot_id = CASE WHEN ${isNews} THEN EXCLUDED.boot_id ELSE r.boot_id END,
  sequence = CASE WHEN ${isNews} THEN EXCLUDED.sequence ELSE r.sequence END,
  status = CASE WHEN ${isNews} THEN EXCLUDED.status ELSE r.status END,
  applied_version = CASE WHEN ${appliedMoves} THEN EXCLUDED.applied_version ELSE r.applied_version END,
  applied_hash = CASE WHEN ${appliedMoves} THEN EXCLUDED.applied_hash ELSE r.applied_hash END,
  last_seen_version = CASE
    WHEN ${newerMachine} THEN EXCLUDED.last_seen_version
    WHEN ${isNews} THEN GREATEST(r.last_seen_version, EXCLUDED.last_seen_version)
    ELSE r.last_seen_version END`;

export const botHeartbeatStore = (db: Queryable) => ({
  /** Renews the lease by the database's clock in every case; an older sequence of the same boot changes nothing else. */
  async saveHeartbeat(beat: HeartbeatRow): Promise<void> {
    await db.query({
      name: 'save-heartbeat',
      text: saveHeartbeat,
      values: [
        beat.botId, beat.generation, beat.bootId, beat.sequence, JSON.stringify(beat.status),
        beat.appliedVersion, beat.appliedHash, beat.lastSeenVersion, beat.leaseSeconds,
      ],
    });
  },
});
