import type { BotEvent } from '@trawling/contracts';
import type { Transaction } from '../prisma.js';
import { insertServerEvents } from './report-history.store.js';
import { heardBy, LEASE_LENGTH, ONLINE } from './online.js';

/** One bot of which we last said something else than what is so now. */
export type PresenceChange = {
  botId: string;
  online: boolean;
  lastHeartbeatAt: Date | null;
  leaseExpiresAt: Date | null;
  leaseMs: number;
  /** The owner wishes it away: its silence is no news. */
  decommissioning: boolean;
};

/** `online`: last said to be online. `calledOffline`: within their last lease, unasked. `now`: the database's time. */
export type PresenceChanges = { changes: PresenceChange[]; online: number; calledOffline: number; now: Date };

/** Who came or went since the last sweep, and what was said of the others. */
export async function findPresenceChanges(tx: Transaction): Promise<PresenceChanges> {
  const changes = await tx.$queryRaw<PresenceChange[]>`
    SELECT bot.id AS "botId", ${ONLINE} AS online, reported.last_heartbeat_at AS "lastHeartbeatAt",
      reported.lease_expires_at AS "leaseExpiresAt", (extract(epoch FROM ${LEASE_LENGTH}) * 1000)::float8 AS "leaseMs",
      bot.decommission_requested_at IS NOT NULL AS decommissioning
    FROM bot
    JOIN bot_reported reported ON reported.bot_id = bot.id
    ${heardBy('sync-adapter')}
    LEFT JOIN bot_presence presence ON presence.bot_id = bot.id
    WHERE ${ONLINE} <> coalesce(presence.online, false)
    ORDER BY bot.id`;
  const [counted] = await tx.$queryRaw<{ online: number; calledOffline: number; now: Date }[]>`
    SELECT count(*) FILTER (WHERE presence.online)::int AS online,
      count(*) FILTER (WHERE NOT presence.online AND presence.since > now() - ${LEASE_LENGTH}
        AND bot.decommission_requested_at IS NULL AND bot.decommissioned_at IS NULL)::int AS "calledOffline",
      now() AS now
    FROM bot_presence presence
    JOIN bot ON bot.id = presence.bot_id
    JOIN bot_reported reported ON reported.bot_id = presence.bot_id`;
  return { changes, online: counted?.online ?? 0, calledOffline: counted?.calledOffline ?? 0, now: counted?.now ?? new Date(0) };
}

/** Remembers what is said of these bots from now on, with an event for each that is given one. */
export async function savePresence(tx: Transaction, rows: readonly { botId: string; online: boolean; event: BotEvent | null }[]): Promise<void> {
  if (rows.length === 0) return;
  const botIds = rows.map(({ botId }) => botId);
  const online = rows.map((row) => row.online);
  await tx.$executeRaw`
    INSERT INTO bot_presence (bot_id, online, since)
    SELECT bot_id, online, now() FROM unnest(${botIds}::uuid[], ${online}::boolean[]) AS said(bot_id, online)
    ON CONFLICT (bot_id) DO UPDATE SET online = excluded.online, since = excluded.since`;
  await insertServerEvents(tx, rows.flatMap(({ botId, event }) => (event ? [{ botId, event }] : [])));
}
