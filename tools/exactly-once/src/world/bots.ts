import { createHash, randomBytes } from 'node:crypto';
import { generateX25519 } from '@trawling/crypto';
import { type Database } from '@trawling/database';

/** What owners and the control plane write, straight into the tables. */
export type BotNow = {
  botId: string;
  generation: number;
  decommissioning: boolean;
  decommissioned: boolean;
  /** Of the wanted generation; null before the provisioner made its row. */
  state: string | null;
  reason: string | null;
  notBefore: Date | null;
  stateSince: Date | null;
};

export async function beginInstallation(database: Database, installationId: string): Promise<void> {
  const { publicJwk } = await generateX25519();
  await database.pool.query('TRUNCATE installation, bot, enrollment_token, bot_credential, bot_reported, bot_event, audit_entry, orphan_machine, provider_budget CASCADE');
  await database.pool.query(
    `INSERT INTO installation (singleton, id, queue_backend, root_public_jwk, token_sealing_jwk, key_set) VALUES (true, $1, 'postgres', $2, $3, 'a.b.c')`,
    [installationId, JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: randomBytes(32).toString('base64url') }), JSON.stringify(publicJwk)],
  );
}

const AGENT_SHA256 = `sha256:${createHash('sha256').update('agent').digest('hex')}`;

/** As `POST /bots` does. */
export async function createBot(database: Database, botId: string): Promise<void> {
  await database.pool.query(
    `WITH bot AS (INSERT INTO bot (id, owner_id, name, settings, desired_version) VALUES ($1, 'owner', 'bot', '{}', 1)),
       version AS (INSERT INTO config_version (bot_id, version, hash, payload, settings, paused, reason, created_by, issued_at)
         VALUES ($1, 1, 'sha256:x', $2, '{}', false, 'created', 'test', now()))
     INSERT INTO machine (bot_id, generation, driver, state, reason) VALUES ($1, 1, 'unassigned', 'wanted', 'The bot was created')`,
    [botId, JSON.stringify({ runtime: { agent_sha256: AGENT_SHA256 } })],
  );
}

/** As `DELETE /bots/{id}` does. */
export const decommissionBot = (database: Database, botId: string) =>
  database.pool.query('UPDATE bot SET decommission_requested_at = coalesce(decommission_requested_at, now()) WHERE id = $1', [botId]);

/** As `POST /bots/{id}/rebuild` does, as far as machines go. */
export const rebuildBot = (database: Database, botId: string) =>
  database.pool.query('UPDATE bot SET machine_generation = machine_generation + 1 WHERE id = $1 AND decommission_requested_at IS NULL', [botId]);

/** Whether a wanted bot's row counts on this machine and nobody means to end it. */
export async function isKept(database: Database, providerId: string): Promise<boolean> {
  const { rowCount } = await database.pool.query(
    `SELECT FROM machine m JOIN bot b ON b.id = m.bot_id WHERE m.provider_id = $1 AND m.generation = b.machine_generation
       AND m.state IN ('booting', 'online', 'off') AND b.decommission_requested_at IS NULL`,
    [providerId],
  );
  return rowCount === 1;
}

/** Credentials of bots that are gone and that still count. */
export async function unrevokedCredentials(database: Database): Promise<string[]> {
  const { rows } = await database.pool.query<{ botId: string }>(
    `SELECT c.bot_id AS "botId" FROM bot_credential c JOIN bot b ON b.id = c.bot_id WHERE b.decommissioned_at IS NOT NULL AND c.revoked_at IS NULL`,
  );
  return rows.map(({ botId }) => botId);
}

export async function listBots(database: Database): Promise<BotNow[]> {
  const { rows } = await database.pool.query<BotNow>(
    `SELECT b.id AS "botId", b.machine_generation AS generation, b.decommission_requested_at IS NOT NULL AS decommissioning,
       b.decommissioned_at IS NOT NULL AS decommissioned, m.state, m.reason, m.not_before AS "notBefore", m.state_since AS "stateSince"
     FROM bot b LEFT JOIN machine m ON m.bot_id = b.id AND m.generation = b.machine_generation ORDER BY b.id`,
  );
  return rows;
}
