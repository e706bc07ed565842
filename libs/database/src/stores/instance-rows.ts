import { BOT_SERVICE_NAME, type InstanceFilter, type InstanceHealth, STATUS_SCHEMA_VERSION } from '@trawling/contracts';
import { Prisma } from '../generated/prisma/client.js';
import { BOT_LEASE, heardBy, isAlive, type Lease, ONLINE, silenceCountsAt } from './online.js';

/** One instance, service or bot, with everything that was compared to the database's clock. */
export type InstanceRow = {
  instance_id: string;
  service_name: string;
  version: string;
  schema_version: string;
  status: InstanceHealth;
  capabilities: Prisma.JsonValue;
  concurrent_tasks: number;
  queue_length: number;
  free_capacity: number;
  details: Prisma.JsonValue;
  uptime_seconds: number;
  bot_id: string | null;
  /** Null for services: they are no owner's. */
  owner_id: string | null;
  first_seen_at: Date;
  last_seen_at: Date;
  expires_at: Date | null;
};

const SERVICE_LEASE: Lease = {
  expiresAt: Prisma.sql`service.lease_expires_at`,
  length: Prisma.sql`(service.lease_expires_at - service.received_at)`,
};

/** Status of a service; over `service` and `receiver` (heardBy control-plane). */
export const SERVICE_STATUS = Prisma.sql`CASE WHEN service.health = 'offline' OR NOT ${isAlive(SERVICE_LEASE)} THEN 'offline' ELSE service.health END`;

/** Status of a bot; over `bot`, `reported` and `receiver` (heardBy sync-adapter). */
export const BOT_STATUS = Prisma.sql`CASE
  WHEN NOT ${ONLINE} THEN 'offline'
  WHEN bot.decommission_requested_at IS NOT NULL OR reported.status #>> '{health,details,draining}' = 'true' THEN 'draining'
  WHEN reported.status #>> '{health,status}' = 'healthy' THEN 'healthy'
  ELSE 'degraded' END`;

export const BOT_VERSION = Prisma.sql`coalesce(reported.status ->> 'agent_version', 'unknown')`;

const services = (where: Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT service.instance_id COLLATE "C" AS instance_id, service.service_name, service.version, service.schema_version,
    ${SERVICE_STATUS} AS status, to_jsonb(service.capabilities) AS capabilities, service.concurrent_tasks, service.queue_length,
    service.details, service.uptime_seconds, NULL::uuid AS bot_id, NULL::text AS owner_id,
    service.first_seen_at, service.received_at AS last_seen_at, ${silenceCountsAt(SERVICE_LEASE)} AS expires_at
  FROM service_instance service ${heardBy('control-plane')}
  WHERE ${where}`;

/** What their heartbeats say, read where it is: nothing is written for the directory when one arrives. */
const bots = (where: Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT bot.id::text COLLATE "C", ${BOT_SERVICE_NAME}::text, ${BOT_VERSION}, ${STATUS_SCHEMA_VERSION}::text,
    ${BOT_STATUS}, coalesce(reported.status -> 'capabilities', '[]'),
    coalesce((reported.status #>> '{capacity,concurrent_tasks}')::int, 0), coalesce((reported.status #>> '{capacity,queue_length}')::int, 0),
    coalesce(reported.status #> '{health,details}', '{}'), coalesce((reported.status ->> 'uptime_seconds')::float8, 0),
    bot.id, bot.owner_id, bot.created_at, coalesce(reported.last_heartbeat_at, bot.created_at), ${silenceCountsAt(BOT_LEASE)}
  FROM bot LEFT JOIN bot_reported reported ON reported.bot_id = bot.id ${heardBy('sync-adapter')}
  WHERE bot.decommissioned_at IS NULL AND ${where}`;

const EVERY = Prisma.sql`true`;

/** The directory: services and bots under the same columns. `where` narrows each kind by its own columns. */
export const instances = (where: { services?: Prisma.Sql; bots?: Prisma.Sql } = {}): Prisma.Sql => Prisma.sql`
  SELECT instance_id, service_name, version, schema_version, status, capabilities, concurrent_tasks, queue_length,
    CASE WHEN status IN ('healthy', 'degraded') THEN greatest(concurrent_tasks - queue_length, 0) ELSE 0 END AS free_capacity,
    details, uptime_seconds, bot_id, owner_id, first_seen_at, last_seen_at, CASE WHEN status <> 'offline' THEN expires_at END AS expires_at
  FROM (${services(where.services ?? EVERY)} UNION ALL ${bots(where.bots ?? EVERY)}) AS kinds`;

/** The filter over `instance`, a row of `instances`. What a stream decides in memory is the same (control-plane, `matchesFilter`). */
export function matching(filter: InstanceFilter, ownerId: string | null): Prisma.Sql {
  const where = [EVERY];
  if (ownerId !== null) where.push(Prisma.sql`instance.owner_id = ${ownerId}`);
  if (filter.service !== undefined) where.push(Prisma.sql`instance.service_name = ${filter.service}`);
  if (filter.version !== undefined) where.push(Prisma.sql`instance.version = ${filter.version}`);
  if (filter.capability !== undefined) where.push(Prisma.sql`instance.capabilities @> ${JSON.stringify(filter.capability)}::jsonb`);
  if (filter.status !== undefined) where.push(Prisma.sql`instance.status = ANY(${filter.status}::text[])`);
  if (filter.min_free_capacity !== undefined) where.push(Prisma.sql`instance.free_capacity >= ${filter.min_free_capacity}`);
  return Prisma.join(where, ' AND ');
}
