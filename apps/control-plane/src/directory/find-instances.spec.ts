import { InstanceDetail, InstanceFilter, InstanceList } from '@trawling/contracts';
import { listInstanceRows } from '@trawling/database';
import { makeBot } from '../testing/bots.js';
import { heartbeat } from '../testing/heartbeats.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';
import { type StatusSays, statusOf } from '../testing/statuses.js';
import { instanceView, matchesFilter } from './instance-view.js';

const controlPlane = useControlPlane();
let viewer: Api;
let operator: Api;
beforeAll(async () => {
  viewer = await controlPlane().as('viewer');
  operator = await controlPlane().as('operator');
});
beforeEach(() => controlPlane().owner.pool.query('TRUNCATE service_instance, instance_status_change, bot_reported; UPDATE bot SET decommissioned_at = now()'));

const publish = async (id: string, says: StatusSays = {}): Promise<void> => {
  expect((await operator.post('/openclaw/status').send(statusOf(id, says))).status).toBe(204);
};
const bot = (owner_id = 'alice') => makeBot(operator, { owner_id });
const list = async (query = '', api = viewer) => InstanceList.parse((await api.get(`/openclaw/instances${query}`)).body);
const ids = async (query = '', api = viewer) => (await list(query, api)).instances.map(({ instance_id }) => instance_id);

describe('who can run a trend strategy now, and has room', () => {
  it('is one question, answered with bots and services alike', async () => {
    const room = { concurrent_tasks: 2, queue_length: 1 };
    const trend = ['strategy.trend', 'other'];
    const [can, busy, degraded, silent, other, leaving] = await Promise.all([bot(), bot(), bot(), bot(), bot(), bot('bob')]);
    await bot(); // never reported
    await heartbeat(controlPlane(), can, { capabilities: trend, capacity: room });
    await heartbeat(controlPlane(), busy, { capabilities: trend, capacity: { concurrent_tasks: 1, queue_length: 1 } });
    await heartbeat(controlPlane(), degraded, { capabilities: trend, capacity: room, health: 'unhealthy' });
    await heartbeat(controlPlane(), silent, { capabilities: trend, capacity: room }, 101);
    await heartbeat(controlPlane(), other, { capabilities: ['strategy.mean-reversion'], capacity: room });
    await heartbeat(controlPlane(), leaving, { capabilities: trend, capacity: room });
    await operator.delete(`/bots/${leaving}`);
    await publish('service-1', { capabilities: trend, capacity: room });
    await publish('service-2', { capabilities: trend, capacity: room, health: 'draining' });
    await publish('service-3', { capabilities: ['strategy'], capacity: room });

    expect(await ids('?capability=strategy.trend&status=healthy&min_free_capacity=1')).toEqual([can, 'service-1'].sort());
  });
});

describe('a bot in the directory', () => {
  it('is what its heartbeat says', async () => {
    const botId = await bot();
    await heartbeat(controlPlane(), botId, { capabilities: ['strategy.trend'], capacity: { concurrent_tasks: 3, queue_length: 1 }, agent_version: '4.5.6' });

    const [one] = (await list()).instances;

    expect(one).toMatchObject({
      instance_id: botId, bot_id: botId, service_name: 'bot-agent', version: '4.5.6', schema_version: '1.0.0', status: 'healthy',
      capabilities: ['strategy.trend'], capacity: { concurrent_tasks: 3, queue_length: 1 }, free_capacity: 2,
      health_details: { gateway: 'ready' }, uptime_seconds: 60, expires_at: expect.any(String),
    });
    expect(InstanceDetail.parse((await viewer.get(`/openclaw/instances/${botId.toUpperCase()}`)).body).instance_id).toBe(botId);
  });

  it.each([
    ['healthy', 'healthy', 0, false, 'healthy'],
    ['degraded', 'degraded', 0, false, 'degraded'],
    ['unhealthy', 'unhealthy', 0, false, 'degraded'],
    ['to be decommissioned', 'healthy', 0, true, 'draining'],
    ['silent', 'healthy', 101, false, 'offline'],
    ['silent and to be decommissioned', 'healthy', 101, true, 'offline'],
  ] as const)('that is %s has a status', async (_what, health, secondsAgo, leaving, status) => {
    const botId = await bot();
    await heartbeat(controlPlane(), botId, { health }, secondsAgo);
    if (leaving) await operator.delete(`/bots/${botId}`);

    expect((await list()).instances.map((one) => one.status)).toEqual([status]);
  });

  it('that is being stopped is draining, by its own word', async () => {
    await heartbeat(controlPlane(), await bot(), { details: { draining: true } });

    expect((await list()).instances.map(({ status, free_capacity }) => [status, free_capacity])).toEqual([['draining', 0]]);
  });

  it('that never reported is offline, that tells no capacity has no room, and that is gone is not there', async () => {
    const [silent, old, gone] = [await bot(), await bot(), await bot()];
    await heartbeat(controlPlane(), old);
    await heartbeat(controlPlane(), gone);
    await controlPlane().owner.pool.query('UPDATE bot SET decommissioned_at = now() WHERE id = $1', [gone]);

    expect((await list()).instances).toMatchObject([
      { instance_id: silent, status: 'offline', version: 'unknown', capabilities: [], expires_at: null },
      { instance_id: old, status: 'healthy', free_capacity: 0, capabilities: [] },
    ]);
    expect((await viewer.get(`/openclaw/instances/${gone}`)).body.code).toBe('instance-not-found');
  });
});

describe('whoever sees one owner’s bots only', () => {
  it.each(['owner', 'viewer'] as const)('as %s finds those, and no services', async (role) => {
    const [mine, theirs] = [await bot('alice'), await bot('bob')];
    await publish('service-1');
    const alice = await controlPlane().as(role, 'alice');

    expect(await ids('', alice)).toEqual([mine]);
    expect((await alice.get(`/openclaw/instances/${mine}`)).status).toBe(200);
    for (const hidden of [theirs, 'service-1']) {
      expect((await alice.get(`/openclaw/instances/${hidden}`)).body).toMatchObject({ status: 404, code: 'instance-not-found' });
    }
  });
});

describe('the list', () => {
  it('comes in pages that stay right while others come and go', async () => {
    for (const id of ['b', 'd', 'e', 'B', 'a']) await publish(id);

    const first = await list('?limit=2');
    await publish('aa');
    await publish('c');
    const second = await list(`?limit=2&cursor=${first.next_cursor}`);
    const third = await list(`?limit=2&cursor=${second.next_cursor}`);

    const pages = [first, second, third].map((page) => page.instances.map((one) => one.instance_id));
    expect(pages).toEqual([['B', 'a'], ['aa', 'b'], ['c', 'd']]);
    expect((await list(`?limit=2&cursor=${third.next_cursor}`))).toMatchObject({ instances: [{ instance_id: 'e' }], next_cursor: null });
  });

  it('is not sent again while nothing but times and details moves', async () => {
    await publish('a', { details: { n: 1 } });
    const { etag } = (await viewer.get('/openclaw/instances')).headers;
    expect(etag).toMatch(/^W\/"/);
    const again = () => viewer.get('/openclaw/instances').set('If-None-Match', etag ?? '');

    await publish('a', { sequence: 2, details: { n: 2 } });
    expect(await again()).toMatchObject({ status: 304, text: '' });

    await publish('a', { sequence: 3, capacity: { concurrent_tasks: 1, queue_length: 1 } });
    expect((await again()).status).toBe(200);
  });

  it.each(['?status=fine', '?capability=UPPER', '?capability=', '?min_free_capacity=-1', '?limit=0', '?cursor=nonsense', '?colour=red'])('refuses %s', async (query) => {
    expect((await viewer.get(`/openclaw/instances${query}`)).body).toMatchObject({ status: 400, code: 'invalid-request' });
  });

  it('and the stream agree on what every filter means', async () => {
    await publish('one', { service: 'a', version: '1', capabilities: ['x', 'y'], capacity: { concurrent_tasks: 2, queue_length: 0 } });
    await publish('two', { service: 'a', version: '2', capabilities: ['x'], capacity: { concurrent_tasks: 2, queue_length: 1 }, health: 'degraded' });
    await publish('three', { service: 'b', version: '1', capabilities: ['y'], capacity: { concurrent_tasks: 2, queue_length: 5 } });
    await publish('four', { service: 'b', version: '2', capabilities: ['x', 'y', 'z'], health: 'draining' });
    await publish('five', { service: 'a', version: '1', health: 'offline' });
    await heartbeat(controlPlane(), await bot(), { capabilities: ['x', 'z'], capacity: { concurrent_tasks: 1, queue_length: 0 }, agent_version: '1' });
    const options = {
      service: [undefined, 'a', 'bot-agent'],
      version: [undefined, '1'],
      capability: [undefined, 'x', 'x,y', 'none'],
      status: [undefined, 'healthy', 'degraded,draining,offline'],
      min_free_capacity: [undefined, '0', '1', '2'],
    };
    const all = (await listInstanceRows(controlPlane().owner.prisma, { filter: {}, ownerId: null, after: null, limit: 100 })).map(instanceView);
    expect(all).toHaveLength(6);
    const every = Object.entries(options).reduce<Record<string, string | undefined>[]>(
      (filters, [name, values]) => filters.flatMap((filter) => values.map((value) => ({ ...filter, [name]: value }))), [{}]);

    for (const asked of every) {
      const filter = InstanceFilter.parse(asked);
      const rows = await listInstanceRows(controlPlane().owner.prisma, { filter, ownerId: null, after: null, limit: 100 });
      const found = rows.map((row) => row.instance_id);
      expect({ asked, found }).toEqual({ asked, found: all.filter((view) => matchesFilter(view, filter)).map((view) => view.instance_id) });
    }
  });
});
