import { randomBytes, randomUUID } from 'node:crypto';
import { generateX25519 } from '@trawling/crypto';
import { type Database } from '@trawling/database';

/** Rows as the control plane writes them, for a provisioner that works without one. */
type Installation = { id: string; sealingPrivateJwk: Awaited<ReturnType<typeof generateX25519>>['privateJwk'] };

export async function setUpInstallation(database: Database, queueBackend: 'redis' | 'postgres' = 'postgres'): Promise<Installation> {
  const id = randomUUID();
  const { publicJwk, privateJwk } = await generateX25519();
  await database.pool.query(
    `INSERT INTO installation (singleton, id, queue_backend, root_public_jwk, token_sealing_jwk, key_set)
       VALUES (true, $1, $4, $2, $3, 'a.b.c')`,
    [id, JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x: randomBytes(32).toString('base64url') }), JSON.stringify(publicJwk), queueBackend],
  );
  return { id, sealingPrivateJwk: privateJwk };
}

export const AGENT_SHA256 = `sha256:${'ab'.repeat(32)}`;

export async function insertBot(database: Database, agentSha256 = AGENT_SHA256): Promise<string> {
  const botId = randomUUID();
  await database.pool.query(
    `INSERT INTO bot (id, owner_id, name, settings, desired_version) VALUES ($1, 'owner', 'bot', '{}', 1)`,
    [botId],
  );
  await database.pool.query(
    `INSERT INTO config_version (bot_id, version, hash, payload, settings, paused, reason, created_by, issued_at)
       VALUES ($1, 1, 'sha256:x', $2, '{}', false, 'created', 'test', now())`,
    [botId, JSON.stringify({ runtime: { agent_sha256: agentSha256 } })],
  );
  await database.pool.query(
    `INSERT INTO machine (bot_id, generation, driver, state, reason) VALUES ($1, 1, 'unassigned', 'wanted', 'The bot was created')`,
    [botId],
  );
  return botId;
}

/** As the sync-adapter writes a heartbeat; a negative lease is one that has run out. */
export async function heartbeat(database: Database, botId: string, input: { generation?: number; leaseSeconds?: number } = {}): Promise<void> {
  await database.pool.query(
    `INSERT INTO bot_reported (bot_id, generation, lease_expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
       ON CONFLICT (bot_id) DO UPDATE SET generation = excluded.generation, lease_expires_at = excluded.lease_expires_at`,
    [botId, input.generation ?? 1, input.leaseSeconds ?? 60],
  );
}

export async function requestDecommission(database: Database, botId: string): Promise<void> {
  await database.pool.query('UPDATE bot SET decommission_requested_at = now() WHERE id = $1', [botId]);
}

export async function wantGeneration(database: Database, botId: string, generation: number): Promise<void> {
  await database.pool.query('UPDATE bot SET machine_generation = $2 WHERE id = $1', [botId, generation]);
}

export type MachineRowNow = { generation: number; state: string; reason: string; provider_id: string | null; attempts: number; deadline: Date | null; not_before: Date | null };

export async function machineRows(database: Database, botId: string): Promise<MachineRowNow[]> {
  const { rows } = await database.pool.query<MachineRowNow>(
    'SELECT generation, state, reason, provider_id, attempts, deadline, not_before FROM machine WHERE bot_id = $1 ORDER BY generation',
    [botId],
  );
  return rows;
}
