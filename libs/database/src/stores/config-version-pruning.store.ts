import type { Transaction } from '../prisma.js';

/**
 * Deletes config versions beyond the newest `kept` of each bot, with signatures and verdicts. What a bot should run,
 * what it says it runs and what it last applied with success always stay. At most `limit`, the oldest bots first;
 * returns how many were deleted, fewer than `limit` when nothing is left to do.
 */
export async function pruneConfigVersions(tx: Transaction, { kept, limit }: { kept: number; limit: number }): Promise<number> {
  const doomed = await tx.$queryRaw<{ botId: string; version: number }[]>`
    WITH crowded AS (SELECT bot_id FROM config_version GROUP BY bot_id HAVING count(*) > ${kept}),
    placed AS (
      SELECT bot_id, version, row_number() OVER (PARTITION BY bot_id ORDER BY version DESC) AS place
      FROM config_version JOIN crowded USING (bot_id)
    )
    SELECT placed.bot_id AS "botId", placed.version
    FROM placed
    JOIN bot ON bot.id = placed.bot_id
    LEFT JOIN bot_reported reported ON reported.bot_id = placed.bot_id
    LEFT JOIN LATERAL (
      SELECT version FROM config_ack WHERE bot_id = placed.bot_id AND outcome = 'applied' ORDER BY version DESC LIMIT 1
    ) good ON true
    WHERE placed.place > ${kept} AND placed.version <> bot.desired_version
      AND placed.version IS DISTINCT FROM reported.applied_version AND placed.version IS DISTINCT FROM good.version
    ORDER BY placed.bot_id, placed.version LIMIT ${limit}`;
  if (doomed.length === 0) return 0;
  const botIds = doomed.map(({ botId }) => botId);
  const versions = doomed.map(({ version }) => version);
  await tx.$executeRaw`
    DELETE FROM config_signature s USING unnest(${botIds}::uuid[], ${versions}::int[]) AS d(bot_id, version)
    WHERE s.bot_id = d.bot_id AND s.version = d.version`;
  await tx.$executeRaw`
    DELETE FROM config_ack a USING unnest(${botIds}::uuid[], ${versions}::int[]) AS d(bot_id, version)
    WHERE a.bot_id = d.bot_id AND a.version = d.version`;
  return tx.$executeRaw`
    DELETE FROM config_version v USING unnest(${botIds}::uuid[], ${versions}::int[]) AS d(bot_id, version)
    WHERE v.bot_id = d.bot_id AND v.version = d.version`;
}
