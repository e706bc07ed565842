import {
  DefaultHealthDetails, DomainError, InstanceStatus, type JsonValue, LONGEST_PUBLISH_INTERVAL_SECONDS, SemanticVersion, ShortStatus, type ShortStatusWord, STATUS_SCHEMA_VERSION,
} from '@trawling/contracts';
import { parseRequest } from '@trawling/http';
import { v5 as nameBasedUuid } from 'uuid';
import { z } from 'zod';

/** What we call the version of the short form, which has none. */
const SHORT_FORM_VERSION = '0.0.0';

/** Postgres writes every digit of a number down: `1e308` would leave it 60 times as long as it came, for each reader of the directory. */
const MOST_DIGITS = 30;

/** A status as it may come: publishers that know no `schema_version` and `sequence` yet are heard as well. */
export const PublishedStatus = InstanceStatus.extend({
  schema_version: SemanticVersion.optional(),
  sequence: InstanceStatus.shape.sequence.optional(),
  health: InstanceStatus.shape.health.superRefine(({ details }, context) => {
    const path = findLongNumber(details);
    if (path) context.addIssue({ code: 'custom', path: ['details', ...path], message: `expected 0, or a number from 1e-${MOST_DIGITS} to 1e${MOST_DIGITS}` });
  }),
});

/** Where the first number with more digits stands; null without one. */
function findLongNumber(value: JsonValue): string[] | null {
  if (typeof value === 'number') return value === 0 || Math.abs(Math.log10(Math.abs(value))) <= MOST_DIGITS ? null : [];
  if (value === null || typeof value !== 'object') return null;
  for (const [name, member] of Object.entries(value)) {
    const path = findLongNumber(member);
    if (path) return [name, ...path];
  }
  return null;
}

/** Any object, so that a newer schema is told what is understood, whatever it looks like. `readStatus` judges it. */
export const StatusBody = z.union([PublishedStatus, ShortStatus, z.looseObject({})]);

/**
 * What was published, in today's form. Without a sequence the timestamp is one; a clock that is ahead of ours is taken as
 * ours, or it would shut its instance out once it is put right. `keyId` names who publishes in the short form, which has
 * no instance id. Throws DomainError `invalid-request`, `unsupported-schema-version`.
 */
export function readStatus(body: object, { keyId, now }: { keyId: string; now: Date }): InstanceStatus {
  refuseOtherMajor(body);
  if ('agent_name' in body && !('service_name' in body)) return fromShort(parseRequest(ShortStatus, body), { keyId, now });
  const status = parseRequest(PublishedStatus, body);
  return {
    ...status,
    schema_version: status.schema_version ?? STATUS_SCHEMA_VERSION,
    sequence: status.sequence ?? sequenceOf(status.timestamp, now),
  };
}

/** For how long a status proves life: three of its intervals. Shorter ones than 10 s count as that: a restart of ours takes as long. Seconds. */
export function leaseSecondsOf({ health }: InstanceStatus): number {
  const said = DefaultHealthDetails.shape.publish_interval_seconds.safeParse(health.details['publish_interval_seconds']);
  return 3 * Math.max(10, said.success ? said.data : LONGEST_PUBLISH_INTERVAL_SECONDS);
}

const majorOf = (version: string): string | undefined => version.split('.', 1)[0];

function refuseOtherMajor(body: object): void {
  const version = 'schema_version' in body ? SemanticVersion.safeParse(body.schema_version) : null;
  if (!version?.success || majorOf(version.data) === majorOf(STATUS_SCHEMA_VERSION)) return;
  const understood = `${majorOf(STATUS_SCHEMA_VERSION)}.x`;
  throw new DomainError('unsupported-schema-version', `schema_version ${version.data} is not understood here; ${understood} is`, {
    understood: [understood],
    newest: STATUS_SCHEMA_VERSION,
  });
}

const sequenceOf = (timestamp: string, now: Date): number => Math.max(0, Math.min(Date.parse(timestamp), now.getTime()));

const healthOf = { Available: 'healthy', Busy: 'healthy', Degraded: 'degraded', Draining: 'draining', Offline: 'offline' } as const satisfies Record<ShortStatusWord, unknown>;

/** Available has room for one task more than it works on; every other word has none. */
function fromShort(short: ShortStatus, { keyId, now }: { keyId: string; now: Date }): InstanceStatus {
  const jobs = Math.min(short.active_jobs, 999_999); // so that one more is still a capacity
  return {
    schema_version: SHORT_FORM_VERSION,
    service_name: short.agent_name,
    instance_id: nameBasedUuid(short.agent_name, keyId),
    sequence: sequenceOf(short.timestamp, now),
    timestamp: short.timestamp,
    uptime_seconds: 0,
    version: 'unknown',
    capabilities: [],
    capacity: { concurrent_tasks: short.status === 'Available' ? jobs + 1 : jobs, queue_length: jobs },
    health: { status: healthOf[short.status], details: {} },
  };
}
