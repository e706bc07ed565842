import type { Ed25519PublicJwk, X25519PublicJwk } from '@trawling/contracts';
import type { MachineChange, MachineRow } from '@trawling/domain';
import type { Pool, PoolClient } from 'pg';
import { notify } from '../change-feed/notify.js';

/** All that the database knows of one bot's machines, read in one statement; `now` is the database's time. */
export type MachineSituation = {
  botId: string;
  now: Date;
  bot: { generation: number; decommissioning: boolean; decommissioned: boolean };
  rows: MachineRow[];
  reported: { generation: number | null; online: boolean; at: Date | null } | null;
  /** The bot told of a version that this database never issued: the database was set back. */
  isBehind: boolean;
  /** Somebody works on it right now. */
  leased: boolean;
};

/** The right to act on a bot's machines until it ends by the database's clock. The epoch fences every write. */
export type MachineLease = { botId: string; owner: string; epoch: number };

/** Somebody else holds the lease now: whatever this process still meant to do is theirs to decide. */
export class LeaseLost extends Error {
  constructor(readonly botId: string) {
    super(`The lease on the machines of ${botId} was lost`);
    this.name = 'LeaseLost';
  }
}

const situationText = `
  SELECT b.id AS "botId", now() AS now, b.machine_generation AS "generation",
    b.decommission_requested_at IS NOT NULL AS "decommissioning", b.decommissioned_at IS NOT NULL AS "decommissioned",
    r.bot_id IS NOT NULL AS "hasReported", r.generation AS "reportedGeneration",
    coalesce(r.lease_expires_at > now(), false) AS "online", r.last_heartbeat_at AS "reportedAt",
    coalesce(r.highest_version > b.desired_version, false) AS "isBehind",
    (SELECT coalesce(bool_or(m.lease_until > now()), false) FROM machine m WHERE m.bot_id = b.id) AS "leased",
    (SELECT coalesce(json_agg(json_build_object(
        'generation', m.generation, 'state', m.state, 'reason', m.reason, 'providerId', m.provider_id, 'attempts', m.attempts, 'neverReported', m.never_reported,
        'reportsSince', extract(epoch FROM m.reports_since) * 1000,
        'deadline', extract(epoch FROM m.deadline) * 1000, 'notBefore', extract(epoch FROM m.not_before) * 1000)
        ORDER BY m.generation), '[]'::json)
      FROM machine m WHERE m.bot_id = b.id) AS "rows"
  FROM bot b LEFT JOIN bot_reported r ON r.bot_id = b.id`;

type SituationRow = {
  botId: string; now: Date; generation: number; decommissioning: boolean; decommissioned: boolean;
  hasReported: boolean; reportedGeneration: number | null; reportedAt: Date | null; online: boolean; isBehind: boolean; leased: boolean;
  rows: (Omit<MachineRow, 'deadline' | 'notBefore' | 'reportsSince'> & { deadline: number | null; notBefore: number | null; reportsSince: number | null })[];
};

const timeOf = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const toSituation = (row: SituationRow): MachineSituation => ({
  botId: row.botId,
  now: row.now,
  bot: { generation: row.generation, decommissioning: row.decommissioning, decommissioned: row.decommissioned },
  rows: row.rows.map((one) => ({
    ...one, deadline: timeOf(one.deadline), notBefore: timeOf(one.notBefore), reportsSince: timeOf(one.reportsSince),
  })),
  reported: row.hasReported ? { generation: row.reportedGeneration, online: row.online, at: row.reportedAt } : null,
  isBehind: row.isBehind,
  leased: row.leased,
});

/** The provisioner's view of bots and machines. */
export const machineStore = (pool: Pool) => ({
  /** Null: no such bot. */
  async findSituation(botId: string): Promise<MachineSituation | null> {
    const { rows } = await pool.query<SituationRow>({ name: 'machine-situation', text: `${situationText} WHERE b.id = $1`, values: [botId] });
    return rows[0] ? toSituation(rows[0]) : null;
  },

  /** Bots that still want something, and those in `botIds` whatever they want, in pages ordered by id. */
  async listSituations(input: { after: string | null; limit: number; botIds: readonly string[] }): Promise<MachineSituation[]> {
    const { rows } = await pool.query<SituationRow>({
      name: 'machine-situations',
      text: `${situationText}
        WHERE (b.decommissioned_at IS NULL OR b.id = ANY($3::uuid[])) AND ($1::uuid IS NULL OR b.id > $1::uuid)
        ORDER BY b.id LIMIT $2`,
      values: [input.after, input.limit, input.botIds],
    });
    return rows.map(toSituation);
  },

  /** Those of `botIds` that the database has ever known. */
  async knownBots(botIds: readonly string[]): Promise<Set<string>> {
    const { rows } = await pool.query<{ id: string }>({ name: 'known-bots', text: 'SELECT id FROM bot WHERE id = ANY($1::uuid[])', values: [botIds] });
    return new Set(rows.map((row) => row.id));
  },

  /** Null while somebody else holds it. The row of the bot's oldest generation carries it: rows are never removed. */
  async acquireLease(input: { botId: string; owner: string; seconds: number }): Promise<MachineLease | null> {
    const { botId, owner, seconds } = input;
    await pool.query({
      name: 'first-machine-row',
      text: `INSERT INTO machine (bot_id, generation, driver, state, reason)
        SELECT id, machine_generation, 'unassigned', 'wanted', 'A machine is wanted' FROM bot
        WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM machine WHERE bot_id = $1) ON CONFLICT DO NOTHING`,
      values: [botId],
    });
    const { rows } = await pool.query<{ epoch: number }>({
      name: 'acquire-machine-lease',
      text: `UPDATE machine SET lease_owner = $2, lease_epoch = lease_epoch + 1, lease_until = now() + make_interval(secs => $3)
        WHERE bot_id = $1 AND generation = (SELECT min(generation) FROM machine WHERE bot_id = $1)
          AND (lease_until IS NULL OR lease_until <= now())
        RETURNING lease_epoch AS epoch`,
      values: [botId, owner, seconds],
    });
    return rows[0] ? { botId, owner, epoch: rows[0].epoch } : null;
  },

  async releaseLease(lease: MachineLease): Promise<void> {
    await pool.query({
      name: 'release-machine-lease',
      text: `UPDATE machine SET lease_owner = NULL, lease_until = now()
        WHERE bot_id = $1 AND lease_epoch = $2 AND lease_owner = $3`,
      values: [lease.botId, lease.epoch, lease.owner],
    });
  },

  /**
   * One transaction that holds the lease's row: nobody can take the lease over before it commits. Extends the lease to
   * at least `leaseSeconds` from now. Throws LeaseLost when it is not ours any more.
   */
  async underLease<T>(lease: MachineLease, leaseSeconds: number, work: (tx: LeasedMachines) => Promise<T>): Promise<T> {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const held = await client.query({
        name: 'hold-machine-lease',
        text: `UPDATE machine SET lease_until = greatest(lease_until, now() + make_interval(secs => $4))
          WHERE bot_id = $1 AND lease_epoch = $2 AND lease_owner = $3 AND lease_until > now()`,
        values: [lease.botId, lease.epoch, lease.owner, leaseSeconds],
      });
      if (held.rowCount !== 1) throw new LeaseLost(lease.botId);
      const result = await work(leasedMachines(client, lease.botId));
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  },

  /** What a new machine of this bot is made with; null before `admin init` or without a config version. */
  async findMachineInputs(botId: string): Promise<MachineInputs | null> {
    const { rows } = await pool.query<MachineInputs>({
      name: 'machine-inputs',
      text: `SELECT i.root_public_jwk AS "rootPublicJwk", i.token_sealing_jwk AS "tokenSealingJwk",
          v.payload::jsonb -> 'runtime' ->> 'agent_sha256' AS "agentSha256", (
            SELECT l.packages FROM openclaw_lock l WHERE l.openclaw_version = v.payload::jsonb -> 'runtime' ->> 'openclaw_version'
            ORDER BY l.created_at DESC LIMIT 1
          ) AS packages
        FROM bot b JOIN config_version v ON v.bot_id = b.id AND v.version = b.desired_version CROSS JOIN installation i
        WHERE b.id = $1`,
      values: [botId],
    });
    return rows[0] ?? null;
  },
});

export type MachineStore = ReturnType<typeof machineStore>;

export type MachineInputs = {
  rootPublicJwk: Ed25519PublicJwk;
  tokenSealingJwk: X25519PublicJwk;
  agentSha256: string;
  /** What the newest published lock of the bot's OpenClaw pins (MachinePackages); null: none is published. */
  packages: unknown;
};

export type LeasedMachines = ReturnType<typeof leasedMachines>;

/** Writes of the lease's holder, inside its transaction. */
function leasedMachines(client: PoolClient, botId: string) {
  return {
    /**
     * Whether this generation is still the wanted one. Holds the bot's row, so that a rebuild or a decommission waits and
     * then sees what this transaction has written.
     */
    async isWanted(generation: number): Promise<boolean> {
      const { rows } = await client.query<{ wanted: boolean }>(
        `SELECT machine_generation = $2 AND decommission_requested_at IS NULL AS wanted FROM bot WHERE id = $1 FOR SHARE`,
        [botId, generation],
      );
      return rows[0]?.wanted ?? false;
    },

    /** Makes the row when there is none. A changed state restarts `state_since` and becomes an event of the bot. */
    async record(input: { generation: number; driver: string; change: MachineChange; eventId: string }): Promise<void> {
      const { generation, driver, change } = input;
      const optional = (name: 'providerId' | 'deadline' | 'notBefore' | 'attempts' | 'neverReported' | 'reportsSince') => [name in change, change[name] ?? null];
      const { rows } = await client.query<{ before: string | null }>(
        `WITH before AS (SELECT state FROM machine WHERE bot_id = $1 AND generation = $2)
         INSERT INTO machine AS m (bot_id, generation, driver, state, reason, provider_id, deadline, not_before, attempts, never_reported, reports_since)
           VALUES ($1, $2, $3, $4, $5, $7, $9, $11, coalesce($13::int, 0), coalesce($15::int, 0), $17)
         ON CONFLICT (bot_id, generation) DO UPDATE SET
           driver = excluded.driver, state = excluded.state, reason = excluded.reason,
           provider_id = CASE WHEN $6::boolean THEN $7 ELSE m.provider_id END,
           deadline = CASE WHEN $8::boolean THEN $9 ELSE m.deadline END,
           not_before = CASE WHEN $10::boolean THEN $11 ELSE m.not_before END,
           attempts = CASE WHEN $12::boolean THEN $13::int ELSE m.attempts END,
           never_reported = CASE WHEN $14::boolean THEN $15::int ELSE m.never_reported END,
           reports_since = CASE WHEN $16::boolean THEN $17 ELSE m.reports_since END,
           boot_stage = CASE WHEN excluded.state IN ('wanted', 'creating', 'gone') THEN NULL ELSE m.boot_stage END,
           boot_error = CASE WHEN excluded.state IN ('wanted', 'creating', 'gone', 'online') THEN NULL ELSE m.boot_error END,
           state_since = CASE WHEN m.state = excluded.state THEN m.state_since ELSE now() END
         RETURNING (SELECT state FROM before) AS before`,
        [botId, generation, driver, change.state, change.reason,
          ...optional('providerId'), ...optional('deadline'), ...optional('notBefore'), ...optional('attempts'),
          ...optional('neverReported'), ...optional('reportsSince')],
      );
      if (rows[0]?.before === change.state) return;
      // What waits for an old machine to be gone is told with the commit.
      if (change.state === 'gone') await notify(client, { topic: 'machine', ids: [botId] });
      await client.query(
        `INSERT INTO bot_event (bot_id, id, type, severity, message, data, timestamp, source)
           VALUES ($1, $2, $3, $4, $5, $6, now(), 'server') ON CONFLICT DO NOTHING`,
        [botId, input.eventId, `machine.${change.state}`, change.state === 'failed' ? 'error' : 'info', change.reason,
          JSON.stringify({ generation, provider_id: change.providerId ?? null })],
      );
    },

    async insertEnrollmentToken(token: { id: string; generation: number; sealedSecret: string; bootKey: string; validSeconds: number }): Promise<void> {
      await client.query(
        `INSERT INTO enrollment_token (id, bot_id, generation, sealed_secret, boot_key, expires_at)
           VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))`,
        [token.id, botId, token.generation, token.sealedSecret, token.bootKey, token.validSeconds],
      );
    },

    /** Nothing of the bot is left: says so, once, and takes whatever credential still counts. */
    async finishDecommission(input: { auditId: string }): Promise<void> {
      const done = await client.query(
        `UPDATE bot SET decommissioned_at = now()
           WHERE id = $1 AND decommission_requested_at IS NOT NULL AND decommissioned_at IS NULL`,
        [botId],
      );
      if (done.rowCount !== 1) return;
      await client.query(
        `UPDATE bot_credential SET revoked_at = now(), revoked_reason = 'decommissioned' WHERE bot_id = $1 AND revoked_at IS NULL`,
        [botId],
      );
      await client.query(
        `INSERT INTO audit_entry (id, bot_id, actor, action) VALUES ($1, $2, 'provisioner', 'decommissioned')`,
        [input.auditId, botId],
      );
    },
  };
}
