import { parseToken } from '@trawling/crypto';
import { type Database } from '@trawling/database';
import { randomUUID } from 'node:crypto';
import { type Cloud, type CloudDroplet, keyOf } from '../cloud/cloud.js';
import { type SeededRandom } from '../seeded-random.js';

type Machine = {
  /** When cloud-init is through; null: it never will be. */
  bootsAtMs: number | null;
  /** Whether its token counted. */
  enrollment: 'none' | 'accepted' | 'refused';
};

/** A heartbeat counts this long, in seconds. */
const LEASE_SECONDS = 90;
/** From power on to the first heartbeat. */
const BOOT_SECONDS = { fastest: 30, slowest: 240 };
const START_MS = 20_000;

/**
 * What happens inside the droplets: they boot after a while, or never; enroll with the token of their user data, once;
 * and send heartbeats as long as they run. Enrollment follows apps/control-plane/src/enrollment/decide-enrollment.ts.
 */
export function createLifeOfMachines(deps: { database: Database; cloud: Cloud; random: SeededRandom; dudsIn: number }) {
  const { database, cloud, random } = deps;
  const machines = new Map<number, Machine>();

  const boot = (nowMs: number): Machine => ({
    bootsAtMs: random.chance(deps.dudsIn) ? null : nowMs + 1000 * random.int(BOOT_SECONDS.fastest, BOOT_SECONDS.slowest),
    enrollment: 'none',
  });

  /** Looks after every machine as it is at this time. */
  const live = async (nowMs: number): Promise<void> => {
    const droplets = cloud.droplets();
    for (const id of machines.keys()) if (!droplets.some((one) => one.id === id)) machines.delete(id);
    for (const droplet of droplets.sort((a, b) => a.id - b.id)) {
      const machine = machines.get(droplet.id) ?? boot(droplet.createdAtMs);
      machines.set(droplet.id, machine);
      if (droplet.status === 'off' && machine.bootsAtMs !== null) machine.bootsAtMs = Math.max(machine.bootsAtMs, nowMs + START_MS);
      if (droplet.status !== 'active' || machine.bootsAtMs === null || machine.bootsAtMs > nowMs) continue;
      if (machine.enrollment === 'none') machine.enrollment = (await enroll(database, droplet)) ? 'accepted' : 'refused';
      if (machine.enrollment === 'accepted') await heartbeat(database, droplet);
    }
  };
  return {
    live,
    /** The ones whose token counted and who can talk now. */
    talking: (nowMs: number): Set<number> =>
      new Set([...machines].flatMap(([id, { enrollment, bootsAtMs }]) => (enrollment === 'accepted' && bootsAtMs !== null && bootsAtMs <= nowMs ? [id] : []))),
  };
}

const TOKEN = /tte_[0-9a-f-]{36}_[A-Za-z0-9_-]{43}/;

/** One token, one machine: a second one of the same generation is refused. */
async function enroll(database: Database, droplet: CloudDroplet): Promise<boolean> {
  const token = parseToken(TOKEN.exec(droplet.userData)?.[0] ?? '');
  const { botId } = keyOf(droplet);
  if (!token) return false;
  const { rows } = await database.pool.query<{ botId: string; generation: number }>(
    `UPDATE enrollment_token t SET used_at = now(), used_by = $2
       FROM bot b WHERE t.id = $1 AND b.id = t.bot_id AND b.id = $3 AND b.machine_generation = t.generation
         AND b.decommission_requested_at IS NULL AND t.used_at IS NULL AND t.expires_at > now()
         AND NOT EXISTS (SELECT FROM enrollment_token o WHERE o.bot_id = t.bot_id AND o.generation = t.generation AND o.id <> t.id
           AND o.used_at IS NOT NULL AND t.created_at <= o.used_at)
     RETURNING t.bot_id AS "botId", t.generation`,
    [token.id, `droplet-${droplet.id}`, botId],
  );
  const [row] = rows;
  if (!row) return false;
  await database.pool.query(`UPDATE bot_credential SET revoked_at = now(), revoked_reason = 'superseded' WHERE bot_id = $1 AND revoked_at IS NULL`, [row.botId]);
  await database.pool.query(
    `INSERT INTO bot_credential (id, bot_id, generation, secret_hash, identity_jwk, sealing_jwk) VALUES ($1, $2, $3, $4, $5, '{}')`,
    [randomUUID(), row.botId, row.generation, `sha256:${droplet.id}`, JSON.stringify({ droplet: droplet.id })],
  );
  return true;
}

/** A machine whose credential was taken is not heard. */
const heartbeat = (database: Database, droplet: CloudDroplet) =>
  database.pool.query(
    `INSERT INTO bot_reported (bot_id, generation, lease_expires_at, last_heartbeat_at)
       SELECT c.bot_id, c.generation, now() + make_interval(secs => $2), now() FROM bot_credential c
       WHERE c.secret_hash = $1 AND c.revoked_at IS NULL
     ON CONFLICT (bot_id) DO UPDATE SET generation = excluded.generation, lease_expires_at = excluded.lease_expires_at,
       last_heartbeat_at = excluded.last_heartbeat_at WHERE bot_reported.generation <= excluded.generation`,
    [`sha256:${droplet.id}`, LEASE_SECONDS],
  );
