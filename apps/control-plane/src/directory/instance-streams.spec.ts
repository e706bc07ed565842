import { revokeApiKeyRow } from '@trawling/database';
import { until } from '@trawling/runtime/testing';
import { makeBot } from '../testing/bots.js';
import { type Followed, followStream } from '../testing/follow-stream.js';
import { heartbeat } from '../testing/heartbeats.js';
import { openReplica, type Replica } from '../testing/open-replica.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';
import { type StatusSays, statusOf } from '../testing/statuses.js';
import { pruneInstances, sweepInstances } from './sweep-instances.js';
import { createMemoryLogger } from '@trawling/runtime/testing';

let replica: Replica;
// Before the control plane's own: the database goes last.
afterAll(() => replica?.stop());
const controlPlane = useControlPlane();
let operator: Api;
const streams: Followed[] = [];
beforeAll(async () => {
  operator = await controlPlane().as('operator');
  replica = await openReplica(controlPlane());
}, 60_000);
beforeEach(() => controlPlane().owner.pool.query('TRUNCATE service_instance, instance_status_change, bot_reported; UPDATE bot SET decommissioned_at = now()'));
afterEach(() => streams.splice(0).forEach((stream) => stream.close()));

const publish = async (id: string, says: StatusSays = {}, api = operator): Promise<void> => {
  expect((await api.post('/openclaw/status').send(statusOf(id, says))).status).toBe(204);
};
const follow = async (query = '', { url = controlPlane().url, key }: { url?: string; key?: string } = {}): Promise<Followed> => {
  const stream = await followStream(`${url}/openclaw/stream${query}`, key ?? (await controlPlane().makeKey('viewer')).key);
  streams.push(stream);
  return stream;
};
const tells = (stream: Followed, ...expected: string[]) =>
  until(() => expect(stream.told()).toEqual(expected) === undefined, { message: `told ${expected.join(' ')}` });
const upkeep = () => ({ transaction: controlPlane().owner.transaction, logger: createMemoryLogger().logger });

describe('a stream of instances', () => {
  it('sends what is there, says so, and then each change', async () => {
    await publish('a');
    await publish('b', { health: 'degraded' });

    const stream = await follow();
    await tells(stream, 'instance:a:healthy', 'instance:b:degraded', 'current');
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store, no-transform' });
    expect(stream.events[0]?.data).toMatchObject({ instance_id: 'a', free_capacity: 1, service_name: 'chimera' });

    await publish('c');
    await tells(stream, 'instance:a:healthy', 'instance:b:degraded', 'current', 'instance:c:healthy');
    await publish('a', { sequence: 2, health: 'draining' });
    await tells(stream, 'instance:a:healthy', 'instance:b:degraded', 'current', 'instance:c:healthy', 'instance:a:draining');
  });

  it('tells a change of capacity, and nothing when only times and details moved', async () => {
    await publish('a');
    const stream = await follow();
    await tells(stream, 'instance:a:healthy', 'current');

    await publish('a', { sequence: 2, details: { n: 2 } });
    await publish('a', { sequence: 3, capacity: { concurrent_tasks: 1, queue_length: 1 } });

    await tells(stream, 'instance:a:healthy', 'current', 'instance:a:healthy');
    expect(stream.events.at(-1)?.data).toMatchObject({ free_capacity: 0 });
  });

  it('tells who matches its filter no more as gone, and who begins to', async () => {
    await publish('a');
    await publish('b', { health: 'degraded' });
    const stream = await follow('?status=healthy');
    await tells(stream, 'instance:a:healthy', 'current');

    await publish('a', { sequence: 2, health: 'draining' });
    await tells(stream, 'instance:a:healthy', 'current', 'gone:a');
    await publish('b', { sequence: 2 });
    await tells(stream, 'instance:a:healthy', 'current', 'gone:a', 'instance:b:healthy');
  });

  it('tells who fell silent, and who was pruned as gone', async () => {
    await publish('a');
    const stream = await follow();
    await tells(stream, 'instance:a:healthy', 'current');

    await controlPlane().owner.pool.query("UPDATE service_instance SET received_at = now() - interval '8 days', lease_expires_at = now() - interval '8 days'");
    await sweepInstances(upkeep());
    await tells(stream, 'instance:a:healthy', 'current', 'instance:a:offline');
    await pruneInstances({ ...upkeep(), instancesRetentionDays: 7 });

    await tells(stream, 'instance:a:healthy', 'current', 'instance:a:offline', 'gone:a');
  });

  it('tells of bots without a word written when their heartbeats come', async () => {
    const botId = await makeBot(operator, { owner_id: 'alice' });
    const stream = await follow('?capability=strategy.trend&min_free_capacity=1');
    await tells(stream, 'current');

    const trend = { capabilities: ['strategy.trend'], capacity: { concurrent_tasks: 1, queue_length: 0 } };
    await heartbeat(controlPlane(), botId, trend);
    await tells(stream, 'current', `instance:${botId}:healthy`);
    await heartbeat(controlPlane(), botId, { ...trend, capacity: { concurrent_tasks: 1, queue_length: 1 } });
    await tells(stream, 'current', `instance:${botId}:healthy`, `gone:${botId}`);
  });

  it('shows an owner’s key that owner’s bots and nothing else', async () => {
    const [mine, theirs] = [await makeBot(operator, { owner_id: 'alice' }), await makeBot(operator, { owner_id: 'bob' })];
    const stream = await follow('', { key: (await controlPlane().makeKey('owner', 'alice')).key });
    await tells(stream, `instance:${mine}:offline`, 'current');

    await publish('service');
    await heartbeat(controlPlane(), theirs);
    await heartbeat(controlPlane(), mine);
    await sweepInstances(upkeep());

    await tells(stream, `instance:${mine}:offline`, 'current', `instance:${mine}:healthy`);
  });

  it('hears what another replica took, and each replica tells the same', async () => {
    const [here, there] = [await follow(), await follow('', { url: replica.url })];
    await Promise.all([tells(here, 'current'), tells(there, 'current')]);
    const { key } = await controlPlane().makeKey('publisher');

    await publish('a', {}, replica.bearer(key));
    await publish('a', { sequence: 2, health: 'offline' }, controlPlane().bearer(key));

    for (const stream of [here, there]) await until(() => stream.told().at(-1) === 'instance:a:offline');
  });

  it('ends within seconds when its key is revoked', async () => {
    const { id, key } = await controlPlane().makeKey('viewer');
    const stream = await follow('', { key });
    await tells(stream, 'current');

    await revokeApiKeyRow(controlPlane().owner.prisma, id, new Date());

    expect(await stream.end).toBe('ended');
  });

  it('is refused beyond 20 of one key, and fits again when one is closed', async () => {
    const { key } = await controlPlane().makeKey('viewer');
    const open = await Promise.all(Array.from({ length: 20 }, () => follow('', { key })));
    await expect(follow('', { key })).rejects.toThrow('429');

    open[0]?.close();

    await until(() => follow('', { key }));
  });

  it('costs nothing when only its headers are asked for', async () => {
    const { key } = await controlPlane().makeKey('viewer');

    for (let n = 0; n < 25; n += 1) expect((await controlPlane().bearer(key).head('/openclaw/stream')).status).toBe(200);
  });

  it.each(['?status=fine', '?limit=5'])('is refused with %s', async (query) => {
    await expect(follow(query)).rejects.toThrow('400');
  });
});

describe('a replica that stops', () => {
  it('ends its streams at once', async () => {
    const stopping = await openReplica(controlPlane());
    const [one, two] = [await follow('', { url: stopping.url }), await follow('', { url: stopping.url })];
    await tells(one, 'current');

    await stopping.stop();

    expect(await Promise.all([one.end, two.end])).toEqual(['ended', 'ended']);
  });
});
