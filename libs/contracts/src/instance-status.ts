import { z } from 'zod';
import { JsonObject, Timestamp } from './common.js';

/** Version of the payload that we publish; semantic. A receiver takes every minor version of a major one that it knows. */
export const STATUS_SCHEMA_VERSION = '1.0.0';

/** `GET /status` answers the whole payload when this is asked for, and the short form otherwise. */
export const INSTANCE_STATUS_MEDIA_TYPE = 'application/vnd.openclaw.status+json';

/** Where statuses are published, behind `OPENCLAW_BASE_URL`. */
export const STATUS_PATH = '/openclaw/status';

export const InstanceHealth = z.enum(['healthy', 'degraded', 'draining', 'offline']);
export type InstanceHealth = z.infer<typeof InstanceHealth>;

export const ServiceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9 _.-]{0,99}$/, 'expected at most 100 letters, digits, spaces, _ . -');
/** Unique per process, stable for its life. */
export const InstanceId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$/, 'expected at most 200 letters, digits, _ . : -');
/** Something that an instance can do, e.g. `strategy.trend`. */
export const Capability = z.string().regex(/^[a-z0-9][a-z0-9_.:-]{0,99}$/, 'expected at most 100 lower-case letters, digits, _ . : -');
export const SemanticVersion = z.string().max(100).regex(/^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/, 'expected major.minor.patch');

/** Hints for whoever gives out work. There is room while `queue_length` is below `concurrent_tasks`. */
export const Capacity = z.object({
  /** Tasks that are worked on at once at most. */
  concurrent_tasks: z.int().min(0).max(1_000_000),
  /** Tasks accepted and not finished: those that wait and those that run. */
  queue_length: z.int().min(0).max(1_000_000_000),
});
export type Capacity = z.infer<typeof Capacity>;

/**
 * What an instance publishes: the seed's payload, its schema's version and a sequence. Members that are not known are
 * ignored: they are a newer minor version's.
 */
export const InstanceStatus = z.object({
  schema_version: SemanticVersion,
  service_name: ServiceName,
  instance_id: InstanceId,
  /** Grows with every status of one instance; a receiver ignores what is not above the last one it took. */
  sequence: z.int().min(0),
  timestamp: Timestamp,
  uptime_seconds: z.number().min(0),
  version: z.string().min(1).max(100),
  capabilities: z.array(Capability).max(200),
  capacity: Capacity,
  health: z.object({ status: InstanceHealth, details: JsonObject.default({}) }),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

/** Members of `health.details` that our publisher always gives; others come from the service's probes. */
export const DefaultHealthDetails = z.object({
  /** Seconds since a task last ended well; null while none has. */
  last_task_success_seconds: z.number().min(0).nullable(),
  /** Seconds between two statuses: a receiver that misses three calls the instance offline. */
  publish_interval_seconds: z.number().min(1).max(3600),
});
export type DefaultHealthDetails = z.infer<typeof DefaultHealthDetails>;

/** Assumed when an instance does not say how often it publishes: the slowest pace that is recommended. Seconds. */
export const LONGEST_PUBLISH_INTERVAL_SECONDS = 120;

export const ShortStatusWord = z.enum(['Available', 'Busy', 'Degraded', 'Draining', 'Offline']);
export type ShortStatusWord = z.infer<typeof ShortStatusWord>;

/** The older form, and what `GET /status` answers unless the whole is asked for. */
export const ShortStatus = z.object({
  agent_name: ServiceName,
  status: ShortStatusWord,
  active_jobs: z.int().min(0).max(1_000_000_000),
  timestamp: Timestamp,
});
export type ShortStatus = z.infer<typeof ShortStatus>;

/** `GET /capabilities`. */
export const CapabilitiesView = z.object({
  service_name: ServiceName,
  version: z.string(),
  capabilities: z.array(z.object({ name: Capability, description: z.string() })),
});
export type CapabilitiesView = z.infer<typeof CapabilitiesView>;
