import type { Transaction } from '../prisma.js';

/**
 * Runs the task in this transaction unless another process is at it: then null. Waits for no lock of anybody else for
 * longer than 2 s, so that keeping order never stands in the way of the work; the task is tried again later.
 */
export async function exclusively<T>(tx: Transaction, name: string, task: () => Promise<T>): Promise<T | null> {
  const [lock] = await tx.$queryRaw<{ mine: boolean }[]>`SELECT pg_try_advisory_xact_lock(hashtextextended(${`upkeep.${name}`}, 0)) AS mine`;
  if (!lock?.mine) return null;
  await tx.$executeRaw`SET LOCAL lock_timeout = '2s'`;
  return task();
}

/** Deletes requests of machines (enrollment, rotation of a credential) older than 30 days; returns how many. */
export async function deleteOldRequests(tx: Transaction): Promise<number> {
  const enrollments = await tx.$executeRaw`DELETE FROM enrollment_request WHERE created_at < now() - interval '30 days'`;
  const rotations = await tx.$executeRaw`DELETE FROM credential_request WHERE created_at < now() - interval '30 days'`;
  return enrollments + rotations;
}

/** What bots tell every minute, and what follows from it. Trades, notes, security and whatever else stays. */
const ROUTINE = ['cron_result', 'bot-online', 'bot-offline'];

/** Deletes at most `limit` routine events received more than `days` days ago; returns how many. */
export async function deleteRoutineEvents(tx: Transaction, { days, limit }: { days: number; limit: number }): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM bot_event USING (
      SELECT old.bot_id, old.id FROM bot CROSS JOIN LATERAL (
        SELECT bot_id, id FROM bot_event
        WHERE bot_id = bot.id AND received_at < now() - make_interval(days => ${days}::int) AND type = ANY(${ROUTINE}::text[])
      ) old LIMIT ${limit}
    ) AS doomed WHERE bot_event.bot_id = doomed.bot_id AND bot_event.id = doomed.id`;
}
