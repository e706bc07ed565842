import { type InstanceView } from '@trawling/contracts';
import { describeDirectory, missingFrom } from './directory.js';

const instance = (service_name: string, change: Partial<InstanceView> = {}): InstanceView => ({
  instance_id: `${service_name}-1`, service_name, version: '1', schema_version: '1.0.0', status: 'healthy', capabilities: [], capacity: { concurrent_tasks: 1, queue_length: 0 },
  free_capacity: 1, health_details: {}, uptime_seconds: 1, bot_id: null, first_seen_at: '2026-11-01T00:00:00.000Z', last_seen_at: '2026-11-01T00:00:00.000Z', expires_at: null,
  ...change,
});
const bot = (change: Partial<InstanceView> = {}) => instance('bot-agent', { instance_id: 'b', bot_id: 'b', capabilities: ['strategy.trend'], ...change });
const services = [instance('provisioner'), instance('control-plane'), instance('sync-adapter')];

describe('what npm start says of the directory', () => {
  it('names services in their order, then bots with what they can run and the room they have', () => {
    expect(describeDirectory([bot(), ...services])).toBe(
      'Directory: control-plane healthy, sync-adapter healthy, provisioner healthy, bot-agent healthy (strategy.trend, room for 1)',
    );
  });

  it('says that nobody is there yet', () => {
    expect(describeDirectory([])).toBe('Directory: nobody yet');
  });

  it.each<[string, InstanceView[], string[]]>([
    ['nobody, when all of them are healthy', [...services, bot()], []],
    ['a service that did not publish yet', [...services.slice(1), bot()], ['provisioner']],
    ['a service that is degraded', [...services.slice(1), instance('provisioner', { status: 'degraded' }), bot()], ['provisioner']],
    ['a bot that does not say yet what it runs', [...services, bot({ capabilities: [] })], ['b']],
    ['everybody, when it is empty', [], ['control-plane', 'sync-adapter', 'provisioner', 'b']],
  ])('misses %s', (_case, instances, missing) => {
    expect(missingFrom(instances, ['b'])).toEqual(missing);
  });
});
