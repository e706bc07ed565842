import type { SyncStatus } from '@trawling/contracts';
import { Prisma } from '../generated/prisma/client.js';
import { heardBy, ONLINE } from './online.js';

type Tx = Prisma.TransactionClient;

/** Desired and reported state of one bot side by side, with everything that was compared to the database's clock. */
export type BotOverview = {
  id: string;
  owner_id: string;
  labels: Prisma.JsonValue;
  settings: Prisma.JsonValue;
  paused: boolean;
  /** The desired version waits for an old machine to be gone. */
  trading_held: boolean;
  desired_version: number;
  desired_hash: string;
  applied_version: number | null;
  applied_hash: string | null;
  /** The highest version it ever spoke of, also one that was never issued here. */
  highest_version: number | null;
  online: boolean;
  last_heartbeat_at: Date | null;
  status: Prisma.JsonValue;
  ack_version: number | null;
  ack_outcome: string | null;
  ack_error: Prisma.JsonValue;
  ack_received_at: Date | null;
  created_at: Date;
  updated_at: Date;
  decommission_requested_at: Date | null;
  decommissioned_at: Date | null;
};

/**
 * What `syncStatus` of libs/domain says, for filtering where the rows are. The two are held together by a test over
 * every combination.
 */
const SYNC_STATUS = Prisma.sql`CASE
  WHEN verdict.outcome = 'failed' THEN 'failed'
  WHEN runs.version = bot.desired_version AND runs.hash IS DISTINCT FROM desired.hash THEN 'drifted'
  WHEN greatest(runs.version, reported.highest_version) > bot.desired_version THEN 'drifted'
  WHEN runs.version = bot.desired_version AND reported.status ->> 'applied_version' = bot.desired_version::text
    AND jsonb_typeof(reported.status -> 'drift') = 'object' THEN 'drifted'
  WHEN runs.version = bot.desired_version OR verdict.outcome = 'applied' THEN 'synced'
  WHEN verdict.outcome = 'applying' THEN 'applying'
  ELSE 'pending' END`;

/**
 * What the bot runs. The columns keep only what was issued here; a bot whose heartbeat names the desired version with
 * a hash that was not (a restored database gave the number again) runs that all the same.
 */
const RUNS = Prisma.sql`
  SELECT CASE WHEN told THEN bot.desired_version ELSE reported.applied_version END AS version,
    CASE WHEN told THEN reported.status ->> 'applied_hash' ELSE reported.applied_hash END AS hash
  FROM (SELECT reported.applied_version IS DISTINCT FROM bot.desired_version
    AND coalesce(reported.status ->> 'applied_version' = bot.desired_version::text, false) AS told) AS heartbeat`;

const OVERVIEW = Prisma.sql`
  SELECT bot.id, bot.owner_id, bot.labels, bot.settings, bot.paused, bot.trading_held, bot.desired_version, desired.hash AS desired_hash,
         runs.version AS applied_version, runs.hash AS applied_hash, reported.highest_version, ${ONLINE} AS online, reported.last_heartbeat_at, reported.status,
         ack.version AS ack_version, ack.outcome AS ack_outcome, ack.error AS ack_error, ack.received_at AS ack_received_at,
         bot.created_at, bot.updated_at, bot.decommission_requested_at, bot.decommissioned_at
  FROM bot
  JOIN config_version desired ON desired.bot_id = bot.id AND desired.version = bot.desired_version
  LEFT JOIN bot_reported reported ON reported.bot_id = bot.id
  ${heardBy('sync-adapter')}
  LEFT JOIN LATERAL (${RUNS}) runs ON true
  LEFT JOIN config_ack verdict ON verdict.bot_id = bot.id AND verdict.version = bot.desired_version
  LEFT JOIN LATERAL (
    SELECT version, outcome, error, received_at FROM config_ack WHERE bot_id = bot.id ORDER BY version DESC LIMIT 1
  ) ack ON true`;

export async function findBotOverview(tx: Tx, botId: string): Promise<BotOverview | null> {
  const rows = await tx.$queryRaw<BotOverview[]>`${OVERVIEW} WHERE bot.id = ${botId}::uuid`;
  return rows[0] ?? null;
}

export type BotFilter = {
  ownerId?: string | undefined;
  syncStatus?: SyncStatus | undefined;
  online?: boolean | undefined;
  /** Value null: the label is there, whatever it says. */
  label?: { key: string; value: string | null } | undefined;
  includeDecommissioned?: boolean | undefined;
  /** Only bots after this id. */
  after?: string | undefined;
  limit: number;
};

/** In the order the bots were made: a page stays right while others are added. */
export async function listBotOverviews(tx: Tx, filter: BotFilter): Promise<BotOverview[]> {
  const where = [Prisma.sql`true`];
  if (filter.ownerId !== undefined) where.push(Prisma.sql`bot.owner_id = ${filter.ownerId}`);
  if (filter.after !== undefined) where.push(Prisma.sql`bot.id > ${filter.after}::uuid`);
  if (filter.includeDecommissioned !== true) where.push(Prisma.sql`bot.decommissioned_at IS NULL`);
  if (filter.online !== undefined) where.push(Prisma.sql`${ONLINE} = ${filter.online}`);
  if (filter.syncStatus !== undefined) where.push(Prisma.sql`${SYNC_STATUS} = ${filter.syncStatus}`);
  if (filter.label?.value === null) where.push(Prisma.sql`jsonb_exists(bot.labels, ${filter.label.key})`);
  if (filter.label && filter.label.value !== null) {
    where.push(Prisma.sql`bot.labels ->> ${filter.label.key} = ${filter.label.value}`);
  }
  return tx.$queryRaw<BotOverview[]>`
    ${OVERVIEW} WHERE ${Prisma.join(where, ' AND ')} ORDER BY bot.id LIMIT ${filter.limit}`;
}

export type MachineOverview = Prisma.MachineGetPayload<object> & { now: Date };

/** The newest machine generation, and the time on the clock its deadlines are measured by. */
export async function findNewestMachine(tx: Tx, botId: string): Promise<MachineOverview | null> {
  return (await listMachines(tx, botId))[0] ?? null;
}

/** All machine generations of a bot, the newest first. */
export async function listMachines(tx: Tx, botId: string): Promise<MachineOverview[]> {
  const machines = await tx.machine.findMany({ where: { botId }, orderBy: { generation: 'desc' } });
  const [clock] = await tx.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
  return machines.map((machine) => ({ ...machine, now: clock?.now ?? new Date(0) }));
}
