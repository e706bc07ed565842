import type { Prisma } from '../generated/prisma/client.js';
import { BOT_STATUS, BOT_VERSION, SERVICE_STATUS } from './instance-rows.js';
import { heardBy } from './online.js';

type Tx = Prisma.TransactionClient;

/** Writes down which services fell silent; their ids. A row that is published meanwhile is judged by what was published. */
export async function sweepSilentServices(tx: Tx): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    WITH silent AS (
      SELECT service.instance_id, service.told_status, service.version
      FROM service_instance service ${heardBy('control-plane')}
      WHERE service.told_status <> 'offline' AND ${SERVICE_STATUS} = 'offline'
      FOR UPDATE OF service SKIP LOCKED
    ), told AS (
      UPDATE service_instance s SET told_status = 'offline' FROM silent WHERE s.instance_id = silent.instance_id
    )
    INSERT INTO instance_status_change (instance_id, from_status, to_status, reason, version)
    SELECT instance_id, told_status, 'offline', 'silent', version FROM silent
    RETURNING instance_id AS id`;
  return rows.map(({ id }) => id);
}

/**
 * Writes down which bots have another status than their history says; their ids. Nothing else writes it, so the history
 * itself is what was told; it begins with a bot's first heartbeat. Bots that were decommissioned within a day end as offline.
 */
export async function sweepBotStatuses(tx: Tx): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    INSERT INTO instance_status_change (instance_id, from_status, to_status, reason, version)
    SELECT bot_now.id, told.to_status, bot_now.status,
      CASE WHEN bot_now.status = 'offline' THEN 'silent' WHEN told.to_status = 'offline' THEN 'heard-again' ELSE 'published' END,
      bot_now.version
    FROM (
      SELECT bot.id::text AS id, ${BOT_STATUS} AS status, ${BOT_VERSION} AS version
      FROM bot JOIN bot_reported reported ON reported.bot_id = bot.id ${heardBy('sync-adapter')}
      WHERE reported.last_heartbeat_at IS NOT NULL AND (bot.decommissioned_at IS NULL OR bot.decommissioned_at > now() - interval '1 day')
    ) bot_now
    LEFT JOIN LATERAL (SELECT to_status FROM instance_status_change WHERE instance_id = bot_now.id ORDER BY id DESC LIMIT 1) told ON true
    WHERE told.to_status IS DISTINCT FROM bot_now.status
    RETURNING instance_id AS id`;
  return rows.map(({ id }) => id);
}

/** Deletes services that have been offline and silent for `days`, at most `limit`; their ids. */
export async function deleteGoneServices(tx: Tx, { days, limit }: { days: number; limit: number }): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    WITH gone AS (
      SELECT instance_id FROM service_instance
      WHERE told_status = 'offline' AND received_at < now() - make_interval(days => ${days}::int)
      FOR UPDATE SKIP LOCKED LIMIT ${limit}
    )
    DELETE FROM service_instance s USING gone WHERE s.instance_id = gone.instance_id RETURNING s.instance_id AS id`;
  return rows.map(({ id }) => id);
}

/** Deletes history older than `days`, at most `limit` rows; how many. The newest of an instance that is there stays: it is what was told. */
export async function deleteOldHistory(tx: Tx, { days, limit }: { days: number; limit: number }): Promise<number> {
  return tx.$executeRaw`
    DELETE FROM instance_status_change USING (
      SELECT old.id FROM instance_status_change old
      WHERE old.at < now() - make_interval(days => ${days}::int)
        AND (EXISTS (SELECT FROM instance_status_change newer WHERE newer.instance_id = old.instance_id AND newer.id > old.id)
          OR NOT EXISTS (SELECT FROM service_instance WHERE instance_id = old.instance_id)
            AND NOT EXISTS (SELECT FROM bot WHERE id::text = old.instance_id AND decommissioned_at IS NULL))
      ORDER BY old.at LIMIT ${limit}
    ) AS doomed WHERE instance_status_change.id = doomed.id`;
}
