import type { Prisma } from '../generated/prisma/client.js';

type Tx = Prisma.TransactionClient;

/** Machines of generations before the wanted one that are not confirmed gone, the oldest first. Two must not trade. */
export async function oldMachinesLeft(tx: Tx, botId: string): Promise<Prisma.MachineGetPayload<object>[]> {
  const bot = await tx.bot.findUnique({ where: { id: botId }, select: { machineGeneration: true } });
  if (!bot) return [];
  return tx.machine.findMany({ where: { botId, generation: { lt: bot.machineGeneration }, state: { not: 'gone' } }, orderBy: { generation: 'asc' } });
}

/**
 * Bots whose desired version does not go with their old machines: it does not trade although none is left, or it does
 * although one turned up again.
 */
export async function botsWithWrongHold(tx: Tx, limit: number): Promise<{ id: string; botId: string }[]> {
  return tx.$queryRaw`
    SELECT id, id AS "botId" FROM (
      SELECT id FROM bot
      WHERE trading_held AND NOT paused AND decommission_requested_at IS NULL
        AND NOT EXISTS (SELECT FROM machine m WHERE m.bot_id = bot.id AND m.generation < bot.machine_generation AND m.state <> 'gone')
      UNION
      SELECT bot.id FROM bot JOIN machine m ON m.bot_id = bot.id AND m.generation < bot.machine_generation
      WHERE m.state <> 'gone' AND NOT trading_held AND NOT paused AND decommission_requested_at IS NULL
    ) AS wrong ORDER BY id LIMIT ${limit}`;
}

/** The rows of a bot's machines, locked. Who also locks the bot does this first: the provisioner comes from this side. */
export async function lockMachines(tx: Tx, botId: string): Promise<void> {
  await tx.$queryRaw`SELECT 1 FROM machine WHERE bot_id = ${botId}::uuid ORDER BY generation FOR UPDATE`;
}

/** What somebody knows better than the provider. Should one of them turn up all the same it is destroyed. */
export async function declareOldMachinesGone(tx: Tx, botId: string, reason: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE machine m SET state = 'gone', reason = ${reason}, deadline = NULL, not_before = NULL, state_since = now()
    FROM bot WHERE bot.id = m.bot_id AND m.bot_id = ${botId}::uuid AND m.generation < bot.machine_generation AND m.state <> 'gone'`;
}

/**
 * The bot wants one more machine, of a generation above all that are known: also above those that a later self of this
 * database asked for before it was set back. Answers with the generation.
 */
export async function raiseGeneration(tx: Tx, botId: string, at: Date): Promise<number> {
  const rows = await tx.$queryRaw<{ generation: number }[]>`
    UPDATE bot SET updated_at = ${at}, machine_generation = 1 + greatest(machine_generation,
      (SELECT max(m.generation) FROM machine m WHERE m.bot_id = bot.id),
      (SELECT r.generation FROM bot_reported r WHERE r.bot_id = bot.id))
    WHERE id = ${botId}::uuid RETURNING machine_generation AS generation`;
  const generation = rows[0]?.generation;
  if (generation === undefined) throw new Error(`There is no bot ${botId} to raise the generation of`);
  return generation;
}

/** A machine that nobody tries to make any more is wanted again. False when there was none. */
export async function wantFailedMachine(tx: Tx, botId: string, reason: string): Promise<boolean> {
  const changed = await tx.$executeRaw`
    UPDATE machine m SET state = 'wanted', reason = ${reason}, attempts = 0, never_reported = 0, deadline = NULL, state_since = now()
    FROM bot WHERE bot.id = m.bot_id AND m.generation = bot.machine_generation
      AND m.bot_id = ${botId}::uuid AND m.state = 'failed' AND m.not_before IS NULL`;
  return changed > 0;
}
