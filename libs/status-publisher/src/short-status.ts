import { type InstanceStatus, type ShortStatus, type ShortStatusWord } from '@trawling/contracts';

/** The seed's older form of the same status. */
export function shortStatus(status: InstanceStatus): ShortStatus {
  return { agent_name: status.service_name, status: shortWord(status), active_jobs: status.capacity.queue_length, timestamp: status.timestamp };
}

/** A healthy instance has room while fewer tasks are accepted than it works on at once. */
export function shortWord({ health, capacity }: Pick<InstanceStatus, 'health' | 'capacity'>): ShortStatusWord {
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
