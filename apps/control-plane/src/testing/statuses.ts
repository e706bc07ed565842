import { type Capability, type InstanceHealth, type InstanceStatus, STATUS_SCHEMA_VERSION } from '@trawling/contracts';
import type { z } from 'zod';

export type StatusSays = {
  service?: string;
  sequence?: number;
  health?: InstanceHealth;
  capabilities?: z.infer<typeof Capability>[];
  capacity?: InstanceStatus['capacity'];
  version?: string;
  details?: InstanceStatus['health']['details'];
};

/** A status of a service, as its publisher sends it. */
export const statusOf = (instanceId: string, says: StatusSays = {}): InstanceStatus => ({
  schema_version: STATUS_SCHEMA_VERSION,
  service_name: says.service ?? 'chimera',
  instance_id: instanceId,
  sequence: says.sequence ?? 1,
  timestamp: '2026-02-06T12:00:00Z',
  uptime_seconds: 1,
  version: says.version ?? '1.0.0',
  capabilities: says.capabilities ?? [],
  capacity: says.capacity ?? { concurrent_tasks: 1, queue_length: 0 },
  health: { status: says.health ?? 'healthy', details: says.details ?? {} },
});
