import type { Queryable } from '../queryable.js';

/** The config a bot should run, as text to be served byte for byte. */
export interface DesiredConfigRow {
  version: number;
  hash: string;
  payload: string;
  /** Newest detached JWS over this version; null only if the control plane broke its own rule. */
  signature: string | null;
}

export interface DesiredSummaryRow {
  version: number;
  hash: string;
  /** Seconds between two heartbeats as this version asks for them. */
  heartbeatSeconds: number;
}

/** Everything about a desired config but its text: small enough to be kept in memory for every bot. */
export interface DesiredHeadRow extends DesiredSummaryRow {
  /** Newest detached JWS over this version; null only if the control plane broke its own rule. */
  signature: string | null;
}

const newestSignature = `
  (SELECT s.jws FROM config_signature s WHERE s.bot_id = v.bot_id AND s.version = v.version
    ORDER BY s.created_at DESC, s.kid DESC LIMIT 1) AS signature`;

const desiredVersion = 'bot b JOIN config_version v ON v.bot_id = b.id AND v.version = b.desired_version';

/** Reads what a bot should run. Never writes: deciding that is the control plane's. */
export const desiredConfigStore = (db: Queryable) => ({
  async findDesiredConfig(botId: string): Promise<DesiredConfigRow | null> {
    const { rows } = await db.query<DesiredConfigRow>({
      name: 'find-desired-config',
      text: `
        SELECT v.version, v.hash, v.payload, ${newestSignature}
        FROM ${desiredVersion} WHERE b.id = $1`,
      values: [botId],
    });
    return rows[0] ?? null;
  },

  /** Of many bots in one query; those without a config are not in the answer. */
  async findDesiredHeads(botIds: readonly string[]): Promise<Map<string, DesiredHeadRow>> {
    const { rows } = await db.query<DesiredHeadRow & { botId: string }>({
      name: 'find-desired-heads',
      text: `
        SELECT b.id AS "botId", v.version, v.hash,
          (v.payload::jsonb #>> '{intervals,heartbeat_seconds}')::int AS "heartbeatSeconds", ${newestSignature}
        FROM ${desiredVersion} WHERE b.id = ANY($1::uuid[])`,
      values: [botIds],
    });
    return new Map(rows.map(({ botId, ...head }) => [botId, head]));
  },

  async findVersionPayload(botId: string, version: number): Promise<string | null> {
    const { rows } = await db.query<{ payload: string }>({
      name: 'find-version-payload',
      text: 'SELECT payload FROM config_version WHERE bot_id = $1 AND version = $2',
      values: [botId, version],
    });
    return rows[0]?.payload ?? null;
  },

  /** The newest of these snapshots that is still kept. */
  async findSnapshot(botId: string, hashes: readonly string[]): Promise<{ hash: string; payload: string } | null> {
    const { rows } = await db.query<{ hash: string; payload: string }>({
      name: 'find-snapshot',
      text: 'SELECT hash, payload FROM config_version WHERE bot_id = $1 AND hash = ANY($2::text[]) ORDER BY version DESC LIMIT 1',
      values: [botId, hashes],
    });
    return rows[0] ?? null;
  },

  async findDesiredSummary(botId: string): Promise<DesiredSummaryRow | null> {
    const { rows } = await db.query<DesiredSummaryRow>({
      name: 'find-desired-summary',
      text: `
        SELECT v.version, v.hash, (v.payload::jsonb #>> '{intervals,heartbeat_seconds}')::int AS "heartbeatSeconds"
        FROM ${desiredVersion} WHERE b.id = $1`,
      values: [botId],
    });
    return rows[0] ?? null;
  },

  async findVersionHash(botId: string, version: number): Promise<string | null> {
    const { rows } = await db.query<{ hash: string }>({
      name: 'find-version-hash',
      text: 'SELECT hash FROM config_version WHERE bot_id = $1 AND version = $2',
      values: [botId, version],
    });
    return rows[0]?.hash ?? null;
  },
});
