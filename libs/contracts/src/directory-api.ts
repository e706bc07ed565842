import { z } from 'zod';
import { BotId, JsonObject, Timestamp } from './common.js';
import { Capability, Capacity, InstanceHealth, InstanceId, ServiceName } from './instance-status.js';

/** Service name under which every bot stands in the directory. */
export const BOT_SERVICE_NAME = 'bot-agent';

/** One instance as the directory knows it now. */
export const InstanceView = z.object({
  /** Of a service what it published; of a bot the bot's id. */
  instance_id: InstanceId,
  service_name: ServiceName,
  version: z.string(),
  schema_version: z.string(),
  /** By the server's clock: `offline` when it said so, or when three of its intervals passed in silence. */
  status: InstanceHealth,
  capabilities: z.array(Capability),
  capacity: Capacity,
  /** Tasks that it has room for now; 0 unless it is healthy or degraded. */
  free_capacity: z.int().min(0),
  health_details: JsonObject,
  uptime_seconds: z.number().min(0),
  /** Set for bots: where to read more, `/bots/{bot_id}`. */
  bot_id: BotId.nullable(),
  first_seen_at: Timestamp,
  last_seen_at: Timestamp,
  /** When silence will count as offline; null for who is offline already. */
  expires_at: Timestamp.nullable(),
});
export type InstanceView = z.infer<typeof InstanceView>;

export const InstanceList = z.object({ instances: z.array(InstanceView), next_cursor: z.string().nullable() });
export type InstanceList = z.infer<typeof InstanceList>;

/** One change of an instance's status, as the directory noticed it. */
export const InstanceHistoryEntry = z.object({
  at: Timestamp,
  from: InstanceHealth.nullable(),
  to: InstanceHealth,
  reason: z.enum(['published', 'silent', 'heard-again']),
  version: z.string(),
});
export type InstanceHistoryEntry = z.infer<typeof InstanceHistoryEntry>;

/** `GET /openclaw/instances/{id}`. */
export const InstanceDetail = InstanceView.extend({
  /** Newest first. */
  history: z.array(InstanceHistoryEntry),
});
export type InstanceDetail = z.infer<typeof InstanceDetail>;

/** What a list and a stream can be narrowed by; all of it must hold. */
export const InstanceFilter = z.strictObject({
  service: ServiceName.optional(),
  /** Repeated with commas: all of them. */
  capability: z.string().max(1000).transform((text) => text.split(',')).pipe(z.array(Capability).min(1).max(10)).optional(),
  /** Repeated with commas: any of them. */
  status: z.string().max(100).transform((text) => text.split(',')).pipe(z.array(InstanceHealth).min(1)).optional(),
  version: z.string().min(1).max(100).optional(),
  /** At least so much room. */
  min_free_capacity: z.coerce.number().int().min(0).max(1_000_000).optional(),
});
export type InstanceFilter = z.infer<typeof InstanceFilter>;

export const ListInstancesQuery = InstanceFilter.extend({
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export type ListInstancesQuery = z.infer<typeof ListInstancesQuery>;
