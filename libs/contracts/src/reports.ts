import { z } from 'zod';
import { Issue, JsonObject, Sha256, Timestamp, Uuid, WireVersion } from './common.js';
import { Capability, Capacity } from './instance-status.js';

export const AckOutcome = z.enum(['applying', 'applied', 'failed']);
export type AckOutcome = z.infer<typeof AckOutcome>;

/** Why a version is not (yet) applied. */
export const AckError = z.strictObject({
  code: z.string().min(1).max(100),
  message: z.string().max(4000),
  /** OpenClaw's own issue list when it was OpenClaw that refused. */
  issues: z.array(Issue).max(100).optional(),
});
export type AckError = z.infer<typeof AckError>;

export const ConfigAck = z.strictObject({
  version: WireVersion,
  hash: Sha256,
  applied_at: Timestamp,
  outcome: AckOutcome.default('applied'),
  error: AckError.optional(),
});
export type ConfigAck = z.infer<typeof ConfigAck>;

export const HealthStatus = z.enum(['healthy', 'degraded', 'unhealthy']);

/** The heartbeat. Sequence grows by one per heartbeat of one boot; older ones change nothing. */
export const BotStatus = z.strictObject({
  boot_id: Uuid,
  sequence: z.int().min(0),
  sent_at: Timestamp,
  agent_version: z.string().max(100),
  openclaw_version: z.string().max(100).nullable(),
  uptime_seconds: z.number().min(0),
  applied_version: WireVersion.nullable(),
  applied_hash: Sha256.nullable(),
  /** The newest version the agent has fetched, whatever came of it; absent means `applied_version`. */
  last_seen_version: WireVersion.nullable().optional(),
  health: z.strictObject({ status: HealthStatus, details: JsonObject.default({}) }),
  gateway: z.strictObject({ state: z.enum(['starting', 'ready', 'down']), restarts: z.int().min(0).default(0) }),
  /** What runs is no longer what was acked, and is left so: paths of OpenClaw settings and `cron:<name>`. Null or absent: no drift. */
  drift: z.strictObject({ paths: z.array(z.string().max(300)).min(1).max(100) }).nullable().optional(),
  /** Reports that wait on the machine's disk, and how many were given up since the agent was made, by kind. */
  spool: z
    .strictObject({ pending: z.int().min(0), dropped_metrics: z.int().min(0), dropped_events: z.int().min(0) })
    .optional(),
  /** What the bot can do with the config it runs, e.g. `strategy.trend`. */
  capabilities: z.array(Capability).max(200).optional(),
  /** Runs of OpenClaw's jobs: how many at once at most, and how many go on. */
  capacity: Capacity.optional(),
  /** How far the machine's clock was behind the server's (positive) when they last spoke; reports are stamped corrected. */
  clock_offset_ms: z.int().optional(),
});
export type BotStatus = z.infer<typeof BotStatus>;

export const HeartbeatResponse = z.object({
  server_time: Timestamp,
  /** May lengthen the configured interval until the next answer. */
  next_heartbeat_seconds: z.int().min(1),
});
export type HeartbeatResponse = z.infer<typeof HeartbeatResponse>;

export const MetricPoint = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_.]{0,99}$/),
  timestamp: Timestamp,
  value: z.number(),
  labels: z.record(z.string().max(60), z.string().max(200)).default({}),
});
export type MetricPoint = z.infer<typeof MetricPoint>;

export const EventSeverity = z.enum(['info', 'warning', 'error']);

/** Something that happened on a bot. The id is made by the bot (UUIDv7), so sending it again is harmless. */
export const BotEvent = z.strictObject({
  id: Uuid,
  type: z.string().regex(/^[a-z][a-z0-9_.-]{0,99}$/),
  timestamp: Timestamp,
  severity: EventSeverity.default('info'),
  message: z.string().max(4000),
  data: JsonObject.default({}),
});
export type BotEvent = z.infer<typeof BotEvent>;

/** Told by our servers alone (`machine.` and whatever follows), or by POST /webhook (`cron_result`). */
const RESERVED_EVENT_TYPE =
  /^(?:cron_result|bot-offline|bot-online|fleet-silent|state-regressed|duplicate-identity|machine\..*|security\.(?:enrollment|rotation)-.*)$/;

/** An event of such a type sent by a bot is rejected: nobody may take it for what a server noticed. */
export const isReservedEventType = (type: string): boolean => RESERVED_EVENT_TYPE.test(type);

/** One finished run of an OpenClaw cron job, as the agent relays it; stored as an event of type `cron_result`. */
export const CronRunResult = z.strictObject({
  /** Event id made by the agent from job and run, so that webhook and catch-up agree. */
  id: Uuid,
  /** OpenClaw's own id of this run. */
  run_id: z.string().min(1).max(300),
  job_id: z.string().min(1).max(200),
  declaration_key: z.string().min(1).max(200),
  name: z.string().max(200),
  status: z.enum(['ok', 'error', 'skipped']),
  run_at: Timestamp,
  duration_ms: z.number().min(0).nullable(),
  summary: z.string().max(8000).nullable(),
  error: z.string().max(4000).nullable(),
  /** How the agent learnt of it. */
  source: z.enum(['webhook', 'catch_up']),
  config_version: WireVersion.nullable(),
});
export type CronRunResult = z.infer<typeof CronRunResult>;

/** Verdict on a batch, given after the commit. `rejected` names the index in the request. */
export const BatchResult = z.object({
  accepted: z.int(),
  duplicates: z.int(),
  rejected: z.array(z.object({ index: z.int(), reason: z.string() })),
});
export type BatchResult = z.infer<typeof BatchResult>;

/** Boot progress; before enrollment it carries the token's id and a MAC instead of a credential. */
export const BootReport = z.strictObject({
  stage: z.enum(['supervisor', 'node', 'agent', 'enroll', 'openclaw_install', 'gateway', 'ready']),
  ok: z.boolean(),
  error_line: z.string().max(2000).optional(),
  at: Timestamp,
  generation: z.int().min(1),
  token_id: Uuid.optional(),
  mac: z.string().max(100).optional(),
});
export type BootReport = z.infer<typeof BootReport>;
