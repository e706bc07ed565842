import type { InstanceStatus } from '@trawling/contracts';
import { Prisma } from '../generated/prisma/client.js';
import type { Queryable } from '../queryable.js';
import { SERVICE_STATUS } from './instance-rows.js';
import { heardBy } from './online.js';

/**
 * `taken`: it is what the directory says now; `older`: a newer one is there, nothing was changed; `other-key`: somebody
 * else's instance; `bot`: the id is a bot's.
 */
export type PublishVerdict = 'taken' | 'older' | 'other-key' | 'bot';

/**
 * For so long at least an older sequence is a late one; after that and its lease, it is a process that began anew, or one
 * whose clock was set back. Seconds.
 */
const SEQUENCE_MEMORY_SECONDS = 600;

/**
 * One statement, so that statuses of one instance are judged one after the other: `known` locks the row and sees what was
 * committed before. Of two first ones at once the loser finds nothing written (`verdict` null) and is asked again.
 */
const publishStatement = (s: PublishedRow): Prisma.Sql => Prisma.sql`
  WITH known AS (
    SELECT service.*, ${SERVICE_STATUS} AS status,
      CASE
        WHEN service.api_key_id <> ${s.apiKeyId}::uuid AND ${SERVICE_STATUS} <> 'offline'
          AND EXISTS (SELECT FROM api_key WHERE id = service.api_key_id AND revoked_at IS NULL) THEN 'other-key'
        WHEN service.api_key_id = ${s.apiKeyId}::uuid AND service.sequence >= ${s.sequence}::bigint
          AND now() < greatest(service.lease_expires_at, service.received_at + make_interval(secs => ${SEQUENCE_MEMORY_SECONDS})) THEN 'older'
        ELSE 'taken' END AS verdict
    FROM service_instance service ${heardBy('control-plane')}
    WHERE service.instance_id = ${s.instanceId} FOR UPDATE OF service
  ),
  bots AS (SELECT FROM bot WHERE id = ${s.botId}::uuid),
  said AS (
    SELECT ${s.apiKeyId}::uuid AS api_key_id, ${s.serviceName}::text AS service_name, ${s.schemaVersion}::text AS schema_version,
      ${s.sequence}::bigint AS sequence, ${s.version}::text AS version, ${s.health}::text AS health, ${s.details}::jsonb AS details,
      ${s.capabilities}::text[] AS capabilities, ${s.concurrentTasks}::int AS concurrent_tasks, ${s.queueLength}::int AS queue_length,
      ${s.uptimeSeconds}::float8 AS uptime_seconds, ${s.sentAt}::timestamptz AS sent_at, now() AS received_at,
      now() + make_interval(secs => ${s.leaseSeconds}::float8) AS lease_expires_at
  ),
  first AS (
    INSERT INTO service_instance (instance_id, api_key_id, service_name, schema_version, sequence, version, health, details, capabilities,
      concurrent_tasks, queue_length, uptime_seconds, sent_at, received_at, lease_expires_at, first_seen_at, told_status)
    SELECT ${s.instanceId}, said.*, now(), said.health FROM said
    WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM bots)
    ON CONFLICT (instance_id) DO NOTHING RETURNING 1
  ),
  next AS (
    UPDATE service_instance s SET (api_key_id, service_name, schema_version, sequence, version, health, details, capabilities,
      concurrent_tasks, queue_length, uptime_seconds, sent_at, received_at, lease_expires_at, told_status) = (SELECT said.*, said.health FROM said)
    FROM known WHERE s.instance_id = known.instance_id AND known.verdict = 'taken'
  ),
  history AS (
    INSERT INTO instance_status_change (instance_id, from_status, to_status, reason, version)
    SELECT ${s.instanceId}, known.told_status, said.health,
      CASE WHEN known.told_status = 'offline' AND known.health <> 'offline' THEN 'heard-again' ELSE 'published' END, said.version
    FROM said LEFT JOIN known ON true
    WHERE CASE WHEN known.instance_id IS NULL THEN EXISTS (SELECT FROM first) ELSE known.verdict = 'taken' AND known.told_status <> said.health END
  )
  SELECT
    CASE
      WHEN known.verdict IS NOT NULL THEN known.verdict
      WHEN EXISTS (SELECT FROM bots) THEN 'bot'
      WHEN EXISTS (SELECT FROM first) THEN 'taken' END AS verdict,
    known.instance_id IS NULL OR known.verdict = 'taken' AND (known.told_status, known.service_name, known.version, known.capabilities)
      IS DISTINCT FROM (said.health, said.service_name, said.version, said.capabilities) AS changed
  FROM said LEFT JOIN known ON true`;

type PublishedRow = ReturnType<typeof rowOf>;

const rowOf = (published: PublishedStatus) => ({
  apiKeyId: published.apiKeyId,
  instanceId: published.status.instance_id,
  botId: published.botId,
  serviceName: published.status.service_name,
  schemaVersion: published.status.schema_version,
  sequence: published.status.sequence,
  version: published.status.version,
  health: published.status.health.status,
  details: JSON.stringify(published.status.health.details),
  capabilities: published.status.capabilities,
  concurrentTasks: published.status.capacity.concurrent_tasks,
  queueLength: published.status.capacity.queue_length,
  uptimeSeconds: published.status.uptime_seconds,
  sentAt: published.status.timestamp,
  leaseSeconds: published.leaseSeconds,
});

export type PublishedStatus = {
  apiKeyId: string;
  status: InstanceStatus;
  /** The instance's id when it has the form of a bot's, else null. */
  botId: string | null;
  /** For how long it proves life. */
  leaseSeconds: number;
};

export const serviceInstanceStore = (db: Queryable) => ({
  /** `changed`: others may want to know now, not only when they look the next time (capacity moves all the time). */
  async publishStatus(published: PublishedStatus): Promise<{ verdict: PublishVerdict; changed: boolean }> {
    const { text, values } = publishStatement(rowOf(published));
    for (let tries = 1; ; tries += 1) {
      const { rows } = await db.query<{ verdict: PublishVerdict | null; changed: boolean }>({ name: 'publish-status', text, values });
      const [row] = rows;
      if (row?.verdict) return { verdict: row.verdict, changed: row.changed && row.verdict === 'taken' };
      if (tries === 3) throw new Error('an instance came and went while its status was stored');
    }
  },
});
