import type { InstanceStatus, ShortStatus, ShortStatusWord } from '@trawling/contracts';

/** The older form of a status. `active_jobs` are the tasks that are accepted and not finished. */
export const shortStatusOf = (status: InstanceStatus): ShortStatus => ({
  agent_name: status.service_name,
  status: shortWordOf(status),
  active_jobs: status.capacity.queue_length,
  timestamp: status.timestamp,
});

/** Available: healthy with room. Busy: healthy without. The others are the health itself. */
function shortWordOf({ health, capacity }: InstanceStatus): ShortStatusWord {
  switch (health.status) {
    case 'healthy':
      return capacity.queue_length < capacity.concurrent_tasks ? 'Available' : 'Busy';
    case 'degraded':
      return 'Degraded';
    case 'draining':
      return 'Draining';
    case 'offline':
      return 'Offline';
  }
}
