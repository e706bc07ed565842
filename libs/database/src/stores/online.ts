import { LONGEST_OFFLINE_WAIT_SECONDS } from '@trawling/domain';
import { Prisma } from '../generated/prisma/client.js';

/** Silence of every sync-adapter after which it is them, not the bots, who are away. Seconds. */
export const RECEIVERS_AWAY_SECONDS = 20;

/** Silences with less than this between them are one: not every bot has found them again meanwhile. Seconds; a lease of the usual pace comes on top. */
export const RECEIVERS_BACK_SECONDS = LONGEST_OFFLINE_WAIT_SECONDS + 120;

/** When the silence began that goes on now, if one does. */
const SILENT_SINCE = Prisma.sql`CASE
  WHEN receiver.gap_ended_at > receiver.last_alive_at - make_interval(secs => ${RECEIVERS_BACK_SECONDS}) THEN receiver.gap_started_at
  ELSE receiver.last_alive_at END`;

/** How long one heartbeat of the bot proves life: by what its last one was given. */
export const LEASE_LENGTH = Prisma.sql`
  coalesce(greatest(reported.lease_expires_at - reported.last_heartbeat_at, interval '0'), interval '2 minutes')`;

/**
 * Whether a bot is online, by the database's clock; over the aliases `bot`, `reported` (bot_reported) and `receiver`
 * (receiver_clock), the last two outer-joined. A lease that could not be renewed because no sync-adapter was there
 * counts as it stood when they went away: while they are away, and then for as long as an agent's longest wait between
 * two attempts and one lease, in which a living bot finds them again. So a bot whose machine is gone for good may be
 * called online for that long.
 */
export const ONLINE = Prisma.sql`(bot.decommissioned_at IS NULL AND coalesce(
  reported.lease_expires_at > now()
  OR (receiver.last_alive_at < now() - make_interval(secs => ${RECEIVERS_AWAY_SECONDS})
      AND reported.lease_expires_at > ${SILENT_SINCE})
  OR (reported.lease_expires_at > receiver.gap_started_at AND now() < receiver.gap_ended_at + make_interval(secs => ${LONGEST_OFFLINE_WAIT_SECONDS}) + ${LEASE_LENGTH}),
  false))`;
