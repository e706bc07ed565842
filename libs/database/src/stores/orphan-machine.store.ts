import type { Pool } from 'pg';
import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** A machine with our fleet's tag whose bot the database does not know. */
export type OrphanMachineRow = {
  driver: string;
  providerId: string;
  botId: string;
  generation: number;
  monthlyUsd: number | null;
  createdAt: Date;
  firstSeenAt: Date;
  approvedAt: Date | null;
  approvedBy: string | null;
  destroyedAt: Date | null;
};

export type SeenOrphan = Pick<OrphanMachineRow, 'providerId' | 'botId' | 'generation' | 'monthlyUsd' | 'createdAt'>;

const columns = `driver, provider_id AS "providerId", bot_id AS "botId", generation, monthly_usd::float8 AS "monthlyUsd", created_at AS "createdAt",
  first_seen_at AS "firstSeenAt", approved_at AS "approvedAt", approved_by AS "approvedBy", destroyed_at AS "destroyedAt"`;

/** What the provisioner remembers of machines without a bot, so that their time of grace outlives it. */
export const orphanMachineStore = (pool: Pool) => ({
  /**
   * One provisioner sees these now. Answers with all that is known of them and the database's time. What no provisioner
   * has seen for ten minutes is forgotten; sooner, one list that misses a row would undo an approval and begin the grace anew.
   */
  async saveSeen(driver: string, seen: readonly SeenOrphan[]): Promise<{ now: Date; orphans: OrphanMachineRow[] }> {
    const providerIds = seen.map(({ providerId }) => providerId);
    if (seen.length > 0) {
      await pool.query({
        name: 'save-orphans',
        text: `INSERT INTO orphan_machine (driver, provider_id, bot_id, generation, monthly_usd, created_at)
            SELECT $1, o.* FROM unnest($2::text[], $3::uuid[], $4::int[], $5::numeric[], $6::timestamptz[]) AS o
          ON CONFLICT (driver, provider_id) DO UPDATE SET last_seen_at = now(), monthly_usd = excluded.monthly_usd`,
        values: [
          driver, providerIds, seen.map((one) => one.botId), seen.map((one) => one.generation),
          seen.map((one) => one.monthlyUsd), seen.map((one) => one.createdAt),
        ],
      });
    }
    await pool.query({
      name: 'forget-orphans',
      text: `DELETE FROM orphan_machine WHERE driver = $1 AND last_seen_at < now() - interval '10 minutes'`,
      values: [driver],
    });
    const { rows } = await pool.query<OrphanMachineRow & { now: Date }>({
      name: 'known-orphans',
      text: `SELECT now() AS now, ${columns} FROM orphan_machine WHERE driver = $1 AND provider_id = ANY($2::text[]) ORDER BY created_at, provider_id`,
      values: [driver, providerIds],
    });
    return { now: rows[0]?.now ?? new Date(0), orphans: rows };
  },

  async markDestroyed(driver: string, providerId: string): Promise<void> {
    await pool.query({
      name: 'orphan-destroyed',
      text: 'UPDATE orphan_machine SET destroyed_at = now() WHERE driver = $1 AND provider_id = $2',
      values: [driver, providerId],
    });
  },
});

export type OrphanMachineStore = ReturnType<typeof orphanMachineStore>;

/** All machines without a bot, the oldest first. */
export async function listOrphanMachines(tx: Tx): Promise<OrphanMachineRow[]> {
  const rows = await tx.orphanMachine.findMany({ orderBy: [{ createdAt: 'asc' }, { providerId: 'asc' }] });
  return rows.map(({ monthlyUsd, lastSeenAt: _, ...row }) => ({ ...row, monthlyUsd: monthlyUsd === null ? null : Number(monthlyUsd) }));
}

/** The provisioner's next sweep destroys it. False when there is no such machine without a bot. */
export async function approveOrphan(tx: Tx, of: { providerId: string; by: string; at: Date }): Promise<boolean> {
  const { count } = await tx.orphanMachine.updateMany({
    where: { providerId: of.providerId },
    data: { approvedAt: of.at, approvedBy: of.by },
  });
  return count > 0;
}
