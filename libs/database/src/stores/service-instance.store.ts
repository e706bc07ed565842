import type { InstanceStatus } from '@trawling/contracts';
import { Prisma } from '../generated/prisma/client.js';
import type { Queryable } from '../queryable.js';
import { SERVICE_STATUS } from './instance-rows.js';
import { heardBy } from './online.js';

/**
 * `taken`: it is what the directory says now; `older`: a newer one is there, nothing was changed; `other-key`: somebody
 * else's instance; `bot`: the id is a bot's; `too-many`: no new instance of this key is taken now.
 */
export type PublishVerdict = 'taken' | 'older' | 'other-key' | 'bot' | 'too-many';

export type PublishedStatus = {
  apiKeyId: string;
  status: InstanceStatus;
  /** The instance's id when it has the form of a bot's, else null. */
  botId: string | null;
  /** For how long it proves life. */
  leaseSeconds: number;
};

/** `changed`: others may want to know now, not only when they look the next time (capacity moves all the time). */
export type PublishResult = { verdict: PublishVerdict; changed: boolean };

/**
 * For so long at least an older sequence is a late one; after that and its lease, it is a process that began anew, or one
 * whose clock was set back. Seconds.
 */
const SEQUENCE_MEMORY_SECONDS = 600;

/**
 * So many instances of one key may be there: those that are not offline, and those that came within the last hour. A
 * publisher that makes up names fills neither the disk nor the memory of who streams. Replicas may each go a batch beyond it.
 */
export const INSTANCES_OF_ONE_KEY = 5_000;

/** So many changes of one instance stay, whatever their age: one that flaps would fill the table. */
export const CHANGES_OF_ONE_INSTANCE = 200;

/** Of the row and of what was said, in one order. */
const COLUMNS = Prisma.sql`api_key_id, service_name, schema_version, sequence, version, health, details, capabilities,
  concurrent_tasks, queue_length, uptime_seconds, sent_at, received_at, lease_expires_at, told_status`;

/**
 * One statement, so that statuses of one instance are judged one after the other: `known` locks the rows and sees what was
 * committed before. Of two first ones at once the loser finds nothing written (`verdict` null) and is asked again.
 */
const publishStatement = (json: string): Prisma.Sql => Prisma.sql`
  WITH said AS (
    SELECT said.*, now() AS received_at, now() + make_interval(secs => said.lease_seconds) AS lease_expires_at, said.health AS told_status
    FROM jsonb_to_recordset(${json}::jsonb) AS said(n int, instance_id text, bot_id uuid, api_key_id uuid, service_name text,
      schema_version text, sequence bigint, version text, health text, details jsonb, capabilities text[], concurrent_tasks int,
      queue_length int, uptime_seconds float8, sent_at timestamptz, lease_seconds float8)
  ),
  known AS (
    SELECT service.*, said.n,
      CASE
        WHEN service.api_key_id <> said.api_key_id AND ${SERVICE_STATUS} <> 'offline'
          AND EXISTS (SELECT FROM api_key WHERE id = service.api_key_id AND revoked_at IS NULL) THEN 'other-key'
        WHEN service.api_key_id = said.api_key_id AND service.sequence >= said.sequence
          AND now() < greatest(service.lease_expires_at, service.received_at + make_interval(secs => ${SEQUENCE_MEMORY_SECONDS})) THEN 'older'
        ELSE 'taken' END AS verdict
    FROM said JOIN service_instance service ON service.instance_id = said.instance_id ${heardBy('control-plane')}
    ORDER BY said.n FOR UPDATE OF service
  ),
  bots AS (SELECT said.n FROM said JOIN bot ON bot.id = said.bot_id),
  newcomers AS (
    SELECT n, api_key_id, row_number() OVER (PARTITION BY api_key_id ORDER BY n) AS place FROM said
    WHERE n NOT IN (SELECT n FROM known) AND n NOT IN (SELECT n FROM bots)
  ),
  crowded AS (
    SELECT newcomers.n FROM newcomers JOIN (
      SELECT api_key_id, (SELECT count(*) FROM service_instance s WHERE s.api_key_id = keys.api_key_id
        AND (s.told_status <> 'offline' OR s.first_seen_at > now() - interval '1 hour')) AS instances
      FROM (SELECT DISTINCT api_key_id FROM newcomers) AS keys
    ) AS there USING (api_key_id)
    WHERE there.instances + newcomers.place > ${INSTANCES_OF_ONE_KEY}::int
  ),
  first AS (
    INSERT INTO service_instance (instance_id, first_seen_at, ${COLUMNS})
    SELECT instance_id, received_at, ${COLUMNS} FROM said
    WHERE n IN (SELECT n FROM newcomers) AND n NOT IN (SELECT n FROM crowded)
    ORDER BY n
    ON CONFLICT (instance_id) DO NOTHING RETURNING instance_id
  ),
  next AS (
    UPDATE service_instance s SET (${COLUMNS}) = (SELECT ${COLUMNS} FROM said WHERE said.n = known.n)
    FROM known WHERE s.instance_id = known.instance_id AND known.verdict = 'taken'
  ),
  judged AS (
    SELECT said.n, said.instance_id, said.health, said.version, known.told_status, known.health AS said_before,
      CASE
        WHEN known.n IS NOT NULL THEN known.verdict
        WHEN said.n IN (SELECT n FROM bots) THEN 'bot'
        WHEN said.n IN (SELECT n FROM crowded) THEN 'too-many'
        WHEN said.instance_id IN (SELECT instance_id FROM first) THEN 'taken' END AS verdict,
      (known.told_status, known.service_name, known.version, known.capabilities)
        IS DISTINCT FROM (said.health, said.service_name, said.version, said.capabilities) AS changed
    FROM said LEFT JOIN known ON known.n = said.n
  ),
  history AS (
    INSERT INTO instance_status_change (instance_id, from_status, to_status, reason, version)
    SELECT instance_id, told_status, health,
      CASE WHEN told_status = 'offline' AND said_before <> 'offline' THEN 'heard-again' ELSE 'published' END, version
    FROM judged WHERE verdict = 'taken' AND told_status IS DISTINCT FROM health
    ORDER BY n
  ),
  surplus AS (
    DELETE FROM instance_status_change doomed USING judged CROSS JOIN LATERAL (
      SELECT id FROM instance_status_change WHERE instance_id = judged.instance_id ORDER BY id DESC OFFSET ${CHANGES_OF_ONE_INSTANCE - 1}::int
    ) AS old
    WHERE judged.verdict = 'taken' AND judged.told_status IS DISTINCT FROM judged.health AND doomed.id = old.id
  )
  SELECT n, verdict, changed AND verdict = 'taken' AS changed FROM judged`;

const saidOf = (published: PublishedStatus, n: number) => ({
  n,
  instance_id: published.status.instance_id,
  bot_id: published.botId,
  api_key_id: published.apiKeyId,
  service_name: published.status.service_name,
  schema_version: published.status.schema_version,
  sequence: published.status.sequence,
  version: published.status.version,
  health: published.status.health.status,
  details: published.status.health.details,
  capabilities: published.status.capabilities,
  concurrent_tasks: published.status.capacity.concurrent_tasks,
  queue_length: published.status.capacity.queue_length,
  uptime_seconds: published.status.uptime_seconds,
  sent_at: published.status.timestamp,
  lease_seconds: published.leaseSeconds,
});

/** So often somebody else's first status of the same instance may be in the way. */
const MAX_TRIES = 3;

export const serviceInstanceStore = (db: Queryable) => ({
  /** At most one status of an instance; results in the order of the statuses. All of it is durable, or none. */
  async publishStatuses(statuses: readonly PublishedStatus[]): Promise<PublishResult[]> {
    const results: (PublishResult | undefined)[] = [];
    let left = statuses.map(saidOf);
    for (let tries = 1; left.length > 0; tries += 1) {
      if (tries > MAX_TRIES) throw new Error('an instance came and went while its status was stored');
      const { text, values } = publishStatement(JSON.stringify(left));
      const { rows } = await db.query<{ n: number; verdict: PublishVerdict | null; changed: boolean }>({ name: 'publish-statuses', text, values });
      for (const { n, verdict, changed } of rows) if (verdict) results[n] = { verdict, changed };
      left = left.filter(({ n }) => !results[n]);
    }
    return results.flatMap((result) => result ?? []);
  },
});
