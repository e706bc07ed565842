import { type InstanceStatus, STATUS_SCHEMA_VERSION } from '@trawling/contracts';

/** A status of nobody in particular. */
export const anyStatus = (changes: Partial<InstanceStatus> = {}): InstanceStatus => ({
  schema_version: STATUS_SCHEMA_VERSION,
  service_name: 'thumbnailer',
  instance_id: 'thumbnailer-1',
  sequence: 1,
  timestamp: '2026-11-01T00:00:00.000Z',
  uptime_seconds: 1,
  version: '1.2.3',
  capabilities: ['resize'],
  capacity: { concurrent_tasks: 4, queue_length: 1 },
  health: { status: 'healthy', details: {} },
  ...changes,
});
