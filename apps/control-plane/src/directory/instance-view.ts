import { type InstanceFilter, InstanceHealth, InstanceHistoryEntry, type InstanceView, JsonObject } from '@trawling/contracts';
import type { InstanceRow, InstanceStatusChangeRow } from '@trawling/database';
import { z } from 'zod';

const Capabilities = z.array(z.string());

export const instanceView = (row: InstanceRow): InstanceView => ({
  instance_id: row.instance_id,
  service_name: row.service_name,
  version: row.version,
  schema_version: row.schema_version,
  status: row.status,
  capabilities: Capabilities.parse(row.capabilities),
  capacity: { concurrent_tasks: row.concurrent_tasks, queue_length: row.queue_length },
  free_capacity: row.free_capacity,
  health_details: JsonObject.parse(row.details),
  uptime_seconds: row.uptime_seconds,
  bot_id: row.bot_id,
  first_seen_at: row.first_seen_at.toISOString(),
  last_seen_at: row.last_seen_at.toISOString(),
  expires_at: row.expires_at?.toISOString() ?? null,
});

export const historyEntry = (row: InstanceStatusChangeRow): InstanceHistoryEntry => ({
  at: row.at.toISOString(),
  from: row.fromStatus === null ? null : InstanceHealth.parse(row.fromStatus),
  to: InstanceHealth.parse(row.toStatus),
  reason: InstanceHistoryEntry.shape.reason.parse(row.reason),
  version: row.version,
});

/** Everything but what moves along with each status (times, uptime, details): two views with the same mark say the same. */
export function markOf(view: InstanceView): string {
  const { health_details: _details, uptime_seconds: _uptime, last_seen_at: _seen, expires_at: _expires, ...lasting } = view;
  return JSON.stringify(lasting);
}

/** What `matching` of libs/database says in SQL; the two are held together by a test. */
export const matchesFilter = (view: InstanceView, filter: InstanceFilter): boolean =>
  (filter.service === undefined || view.service_name === filter.service) &&
  (filter.version === undefined || view.version === filter.version) &&
  (filter.capability === undefined || filter.capability.every((wanted) => view.capabilities.includes(wanted))) &&
  (filter.status === undefined || filter.status.includes(view.status)) &&
  (filter.min_free_capacity === undefined || view.free_capacity >= filter.min_free_capacity);
