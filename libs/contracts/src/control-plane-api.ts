import { z } from 'zod';
import { BotSettings } from './bot-settings.js';
import { BotConfigPayload } from './bot-config.js';
import { BotId, ConfigVersionNumber, Issue, JsonObject, SecretName, Sha256, Timestamp } from './common.js';
import { MachineView } from './machine.js';
import { AckError, AckOutcome, BotEvent, BotStatus } from './reports.js';
import { JsonPatch } from './sync-api.js';

/** `publisher` says how an instance is, and can do nothing else. */
export const Role = z.enum(['admin', 'operator', 'viewer', 'owner', 'publisher']);
export type Role = z.infer<typeof Role>;

export const OwnerId = z.string().regex(/^[A-Za-z0-9_.:-]{1,100}$/);
export const Labels = z.record(z.string().regex(/^[a-z0-9_.-]{1,60}$/), z.string().max(100));

export const SyncStatus = z.enum(['pending', 'applying', 'synced', 'failed', 'drifted']);
export type SyncStatus = z.infer<typeof SyncStatus>;

export const CreateBotRequest = z.strictObject({
  /** Needed with admin and operator keys; an owner's key implies it. */
  owner_id: OwnerId.optional(),
  labels: Labels.default({}),
  settings: BotSettings,
  /** Values of the bot's first secrets, so that its first version already has them. Never stored in the clear. */
  secrets: z.record(SecretName, z.string().min(1).max(16_384)).default({}),
  /** Must be true when the settings start in live mode. */
  confirm_live: z.boolean().default(false),
});
export type CreateBotRequest = z.infer<typeof CreateBotRequest>;

/**
 * PATCH /bots/{id}: an RFC 7396 merge patch on the settings. Three members are not settings:
 * `confirm_live`, `expected_version` (409 when another version is desired) and `labels` (itself merge-patched).
 */
export const UpdateBotRequest = z.intersection(
  z.object({
    confirm_live: z.boolean().optional(),
    expected_version: ConfigVersionNumber.optional(),
    labels: z.record(z.string(), z.string().nullable()).optional(),
  }),
  JsonObject,
);
export type UpdateBotRequest = z.infer<typeof UpdateBotRequest>;

/** Body of rollback. */
export const RollbackRequest = z.strictObject({
  version: ConfigVersionNumber,
  confirm_live: z.boolean().default(false),
  expected_version: ConfigVersionNumber.optional(),
});
/** Body of rebuild; may be left out. */
export const RebuildRequest = z
  .strictObject({
    expected_version: ConfigVersionNumber.optional(),
    /** Nothing of the old machine runs any more, although its provider cannot tell: the new one trades at once. */
    old_machine_gone: z.boolean().default(false),
  })
  .default({ old_machine_gone: false });
/** Body of pause, resume and retry; may be left out. */
export const VersionedCommand = z.strictObject({ expected_version: ConfigVersionNumber.optional() }).default({});

export const PutSecretRequest = z.strictObject({ value: z.string().min(1).max(16_384) });

export const LastAck = z.object({
  version: ConfigVersionNumber,
  outcome: AckOutcome,
  error: AckError.nullable(),
  received_at: Timestamp,
});

/** GET /bots/{id}: in one screen what an owner asks. */
export const BotView = z.object({
  id: BotId,
  owner_id: OwnerId,
  name: z.string(),
  labels: Labels,
  desired_version: ConfigVersionNumber,
  desired_hash: Sha256,
  applied_version: ConfigVersionNumber.nullable(),
  sync_status: SyncStatus,
  /** "Config Applied", or why not. */
  sync_message: z.string(),
  last_ack: LastAck.nullable(),
  online: z.boolean(),
  last_heartbeat_at: Timestamp.nullable(),
  health: z.object({ status: z.string(), details: JsonObject }).nullable(),
  /** What runs other than it was issued, as the bot told: paths of OpenClaw settings and `cron:<name>`. */
  drifted_paths: z.array(z.string()),
  /** Reports that wait on the machine's disk, and how many it had to give up. Null until the bot tells. */
  spool: BotStatus.shape.spool.unwrap().nullable(),
  /** How far the machine's clock is behind ours (positive), in milliseconds. Null until the bot tells. */
  clock_offset_ms: z.int().nullable(),
  /** Warnings and errors the server itself noticed of this bot within 24 hours, the newest of each type. */
  alerts: z.array(BotEvent.pick({ type: true, severity: true, message: true, timestamp: true })),
  /** `held`: the bot was rebuilt and does not trade until its old machine is confirmed gone. */
  trading: z.enum(['active', 'paused', 'held']),
  machine: MachineView.nullable(),
  /** Machines of older generations that are not confirmed gone, the oldest first. */
  old_machines: z.array(MachineView),
  settings: BotSettings,
  /** Names and versions of the secrets that are there; never a value. */
  secrets: z.array(z.object({ name: SecretName, version: z.int() })),
  created_at: Timestamp,
  updated_at: Timestamp,
  decommission_requested_at: Timestamp.nullable(),
  decommissioned_at: Timestamp.nullable(),
});
export type BotView = z.infer<typeof BotView>;

/** Answer to every accepted change. `warnings` are things the bot's own OpenClaw will have the last word on. */
export const ChangeAccepted = z.object({
  bot_id: BotId,
  desired_version: ConfigVersionNumber,
  hash: Sha256,
  /** False when the change was empty and made no new version. */
  changed: z.boolean(),
  warnings: z.array(Issue),
});
export type ChangeAccepted = z.infer<typeof ChangeAccepted>;

/** Answer to rebuild: the generation that is wanted now. */
export const RebuildAccepted = ChangeAccepted.extend({ generation: z.int() });
export type RebuildAccepted = z.infer<typeof RebuildAccepted>;

/** Answer to DELETE /bots/{id}; asking again gives the same one. */
export const DecommissionAccepted = z.object({ bot_id: BotId, decommission_requested_at: Timestamp });
export type DecommissionAccepted = z.infer<typeof DecommissionAccepted>;

export const BotSummary = BotView.pick({
  id: true, owner_id: true, name: true, labels: true, desired_version: true, applied_version: true,
  sync_status: true, sync_message: true, online: true, trading: true, created_at: true,
});
export const BotList = z.object({ bots: z.array(BotSummary), next_cursor: z.string().nullable() });
export type BotList = z.infer<typeof BotList>;

const flag = z.enum(['true', 'false']).transform((v) => v === 'true');
export const ListBotsQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  owner_id: OwnerId.optional(),
  sync_status: SyncStatus.optional(),
  online: flag.optional(),
  /** `key=value`, or `key` for any value. */
  label: z.string().max(161).optional(),
  /** Also bots whose machine is gone for good; they are left out otherwise. */
  include_decommissioned: flag.optional(),
});
export type ListBotsQuery = z.infer<typeof ListBotsQuery>;

export const VersionReason = z.enum(['create', 'update', 'rollback', 'pause', 'resume', 'retry', 'secret', 'machine']);
export type VersionReason = z.infer<typeof VersionReason>;

export const VersionSummary = z.object({
  version: ConfigVersionNumber,
  hash: Sha256,
  reason: VersionReason,
  created_by: z.string(),
  issued_at: Timestamp,
  ack: LastAck.nullable(),
});
export const VersionList = z.object({ versions: z.array(VersionSummary), next_cursor: z.string().nullable() });
export const VersionView = VersionSummary.extend({ settings: BotSettings, payload: BotConfigPayload });

/** GET /bots/{id}/versions/{a}/diff/{b}: what changed from a to b, as an owner reads it. */
export const VersionDiff = z.object({
  from: ConfigVersionNumber,
  to: ConfigVersionNumber,
  /** RFC 6902 patch of the settings. */
  settings: JsonPatch,
  /** RFC 6902 patch of the payload, without `version`, `hash` and `issued_at`, which always differ. */
  payload: JsonPatch,
});
export type VersionDiff = z.infer<typeof VersionDiff>;

export const PageQuery = z.strictObject({
  /** As `next_cursor` gave it; the longest one names a metric of 100 characters. */
  cursor: z.string().max(400).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const EventsQuery = PageQuery.extend({ type: z.string().max(100).optional() });
export const EventList = z.object({
  /** `source`: `bot` for what the bot told, `server` for what we noticed ourselves. */
  events: z.array(BotEvent.extend({ received_at: Timestamp, source: z.enum(['bot', 'server']) })),
  next_cursor: z.string().nullable(),
});

/** Width of a bucket of downsampled metrics. Buckets start at whole multiples since 2000-01-01T00:00:00Z. */
export const MetricResolution = z.enum(['1m', '5m', '1h', '1d']);
export type MetricResolution = z.infer<typeof MetricResolution>;
/** Most buckets of one series that can be asked for at once. */
export const MAX_METRIC_BUCKETS = 2_000;

/** Without `resolution` the points themselves; with it buckets, which need `name` and `since`. */
export const MetricsQuery = PageQuery.extend({
  name: z.string().max(100).optional(),
  /** From this time on. */
  since: Timestamp.optional(),
  /** Before this time; default now. */
  until: Timestamp.optional(),
  resolution: MetricResolution.optional(),
});
export type MetricsQuery = z.infer<typeof MetricsQuery>;

const MetricLabels = z.record(z.string(), z.string());
export const MetricList = z.object({
  metrics: z.array(z.object({ name: z.string(), timestamp: Timestamp, value: z.number(), labels: MetricLabels })),
  next_cursor: z.string().nullable(),
});

/** Buckets of one metric, newest first; each set of labels is a series of its own. Empty buckets are left out. */
export const MetricBuckets = z.object({
  name: z.string(),
  resolution: MetricResolution,
  buckets: z.array(
    z.object({
      /** When the bucket starts. */
      timestamp: Timestamp,
      labels: MetricLabels,
      avg: z.number(),
      min: z.number(),
      max: z.number(),
      /** The newest value of the bucket. */
      last: z.number(),
      count: z.int().min(1),
    }),
  ),
  next_cursor: z.string().nullable(),
});

export const SecretAccepted = ChangeAccepted.extend({ secret: z.object({ name: SecretName, version: z.int() }).nullable() });
