import { LONGEST_OFFLINE_WAIT_SECONDS } from '@trawling/domain';
import { Prisma } from '../generated/prisma/client.js';

/** Who hears: sync-adapters the bots, control-planes the services that publish their status. */
export type ReceiverKind = 'sync-adapter' | 'control-plane';

/** Silence of every receiver of a kind after which it is them, not those they hear, who are away. Seconds. */
export const RECEIVERS_AWAY_SECONDS = 20;

/** Silences with less than this between them are one: not everybody has found them again meanwhile. Seconds; a lease of the usual pace comes on top. */
export const RECEIVERS_BACK_SECONDS = LONGEST_OFFLINE_WAIT_SECONDS + 120;

/** Joins the beat of those who hear as `receiver`. */
export const heardBy = (kind: ReceiverKind): Prisma.Sql => Prisma.sql`LEFT JOIN receiver_beat receiver ON receiver.kind = ${kind}`;

/** When the silence began that goes on now, if one does. */
const SILENT_SINCE = Prisma.sql`CASE
  WHEN receiver.gap_ended_at > receiver.last_alive_at - make_interval(secs => ${RECEIVERS_BACK_SECONDS}) THEN receiver.gap_started_at
  ELSE receiver.last_alive_at END`;

/** A lease as columns: until when, and how long one of its kind is. */
export type Lease = { expiresAt: Prisma.Sql; length: Prisma.Sql };

/** Until when a lease that was good when the last silence began is good at least. Null without such a silence. */
const guardedUntil = ({ expiresAt, length }: Lease): Prisma.Sql => Prisma.sql`
  CASE WHEN ${expiresAt} > receiver.gap_started_at
    THEN receiver.gap_ended_at + make_interval(secs => ${LONGEST_OFFLINE_WAIT_SECONDS}) + ${length} END`;

/**
 * Whether a lease holds, by the database's clock; over `receiver` (heardBy). One that could not be renewed because no
 * receiver was there counts as it stood when they went away: while they are away, and then for as long as the longest
 * wait between two attempts and one lease, in which who lives finds them again. So who is gone for good may count as
 * alive for that long.
 */
export const isAlive = (lease: Lease): Prisma.Sql => Prisma.sql`coalesce(
  ${lease.expiresAt} > now()
  OR (receiver.last_alive_at < now() - make_interval(secs => ${RECEIVERS_AWAY_SECONDS}) AND ${lease.expiresAt} > ${SILENT_SINCE})
  OR now() < ${guardedUntil(lease)},
  false)`;

/** When silence will count, of who is alive. */
export const silenceCountsAt = (lease: Lease): Prisma.Sql => Prisma.sql`greatest(${lease.expiresAt}, ${guardedUntil(lease)}, now())`;

/** How long one heartbeat of the bot proves life: by what its last one was given. */
export const LEASE_LENGTH = Prisma.sql`
  coalesce(greatest(reported.lease_expires_at - reported.last_heartbeat_at, interval '0'), interval '2 minutes')`;

export const BOT_LEASE: Lease = { expiresAt: Prisma.sql`reported.lease_expires_at`, length: LEASE_LENGTH };

/** Whether a bot is online; over the aliases `bot`, `reported` (bot_reported) and `receiver`, the last two outer-joined. */
export const ONLINE = Prisma.sql`(bot.decommissioned_at IS NULL AND ${isAlive(BOT_LEASE)})`;
