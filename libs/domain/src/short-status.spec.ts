import { type InstanceHealth, type InstanceStatus, ShortStatus } from '@trawling/contracts';
import { shortStatusOf } from './short-status.js';

const statusWith = (health: InstanceHealth, capacity: InstanceStatus['capacity']): InstanceStatus => ({
  schema_version: '1.0.0', service_name: 'provisioner', instance_id: 'a', sequence: 1, timestamp: '2026-11-01T00:00:00.000Z',
  uptime_seconds: 1, version: '1', capabilities: [], capacity, health: { status: health, details: {} },
});

describe('the short form of a status', () => {
  it.each([
    ['healthy', { concurrent_tasks: 4, queue_length: 3 }, 'Available'],
    ['healthy', { concurrent_tasks: 4, queue_length: 4 }, 'Busy'],
    ['healthy', { concurrent_tasks: 0, queue_length: 0 }, 'Busy'],
    ['degraded', { concurrent_tasks: 4, queue_length: 0 }, 'Degraded'],
    ['draining', { concurrent_tasks: 4, queue_length: 0 }, 'Draining'],
    ['offline', { concurrent_tasks: 4, queue_length: 0 }, 'Offline'],
  ] as const)('calls one that is %s with %j %s', (health, capacity, word) => {
    expect(shortStatusOf(statusWith(health, capacity)).status).toBe(word);
  });

  it('names the service, its tasks that are not finished and the moment, and nothing else', () => {
    const short = shortStatusOf(statusWith('healthy', { concurrent_tasks: 8, queue_length: 2 }));

    expect(short).toEqual({ agent_name: 'provisioner', status: 'Available', active_jobs: 2, timestamp: '2026-11-01T00:00:00.000Z' });
    expect(ShortStatus.safeParse(short).success).toBe(true);
  });
});
