import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

export type DoubtedMachine = { botId: string; generation: number; driver: string; providerId: string | null; name: string };

/**
 * Machines that were there, that the provisioner does not find, and whose loss it does not believe: rows with this reason.
 * Not those whose bot reports right now: of them it is known that they live. Locks the rows.
 */
export async function listDoubtedMachines(tx: Tx, reason: string): Promise<DoubtedMachine[]> {
  return tx.$queryRaw`
    SELECT m.bot_id AS "botId", m.generation, m.driver, m.provider_id AS "providerId", b.name
    FROM machine m JOIN bot b ON b.id = m.bot_id
    WHERE m.reason = ${reason} AND (m.state IN ('online', 'off') OR (m.state = 'create_unknown' AND m.reports_since IS NOT NULL))
      AND NOT EXISTS (SELECT FROM bot_reported r WHERE r.bot_id = m.bot_id AND r.generation = m.generation AND r.lease_expires_at > now())
    ORDER BY m.bot_id, m.generation FOR UPDATE OF m`;
}

/**
 * Somebody says that this machine is gone: the wanted one is wanted anew, one that should not be waits for its last
 * look-up. Either is looked for once more, by its id, too, before the provisioner goes by it.
 */
export async function believeMachineGone(tx: Tx, machine: Pick<DoubtedMachine, 'botId' | 'generation'>, reason: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE machine m SET reason = ${reason}, deadline = NULL, not_before = NULL, state_since = now(), reports_since = now(),
      state = CASE WHEN m.generation = b.machine_generation AND b.decommission_requested_at IS NULL THEN 'wanted' ELSE 'destroying' END
    FROM bot b WHERE b.id = m.bot_id AND m.bot_id = ${machine.botId}::uuid AND m.generation = ${machine.generation}`;
}
