import { InstanceDetail, type InstanceStatus } from '@trawling/contracts';
import { CHANGES_OF_ONE_INSTANCE, INSTANCES_OF_ONE_KEY, revokeApiKeyRow } from '@trawling/database';
import { randomUUID } from 'node:crypto';
import { makeBot } from '../testing/bots.js';
import { openReplica, type Replica } from '../testing/open-replica.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

let replica: Replica;
// Before the control plane's own: the database goes last.
afterAll(() => replica?.stop());
const controlPlane = useControlPlane();
let publisher: Api;
let admin: Api;
let id: string;
beforeAll(async () => {
  replica = await openReplica(controlPlane());
}, 60_000);
beforeEach(async () => {
  publisher = await controlPlane().as('publisher');
  admin = await controlPlane().as('admin');
  id = randomUUID();
});

/** As in the seed. */
const seed = (change: object = {}) => ({
  service_name: 'project-chimera',
  instance_id: id,
  timestamp: '2026-02-06T12:00:00Z',
  uptime_seconds: 12345,
  version: '0.1.0',
  capabilities: ['download', 'transcribe', 'trend_fetch'],
  capacity: { concurrent_tasks: 4, queue_length: 10 },
  health: { status: 'healthy', details: { last_task_success_seconds: 30 } },
  ...change,
});
const status = (sequence: number, change: object = {}) => seed({ schema_version: '1.0.0', sequence, ...change });
const health = (word: InstanceStatus['health']['status'], details: object = {}) => ({ health: { status: word, details } });
const publish = (body: object, api = publisher) => api.post('/openclaw/status').send(body);
const seen = async (of = id) => InstanceDetail.parse((await admin.get(`/openclaw/instances/${of}`)).body);
const accept = async (body: object, api = publisher): Promise<void> => {
  const answer = await publish(body, api);
  expect([answer.status, answer.text]).toEqual([204, '']);
};
/** Lets time pass for one instance: everything known of it is that much longer ago. */
const pass = (seconds: number) =>
  controlPlane().owner.pool.query(
    'UPDATE service_instance SET received_at = received_at - make_interval(secs => $2), lease_expires_at = lease_expires_at - make_interval(secs => $2) WHERE instance_id = $1',
    [id, seconds],
  );

describe('publishing a status', () => {
  it('takes the seed’s payload as it stands and shows it', async () => {
    await accept(seed());

    expect(await seen()).toEqual({
      instance_id: id,
      service_name: 'project-chimera',
      version: '0.1.0',
      schema_version: '1.0.0',
      status: 'healthy',
      capabilities: ['download', 'transcribe', 'trend_fetch'],
      capacity: { concurrent_tasks: 4, queue_length: 10 },
      free_capacity: 0,
      health_details: { last_task_success_seconds: 30 },
      uptime_seconds: 12345,
      bot_id: null,
      first_seen_at: expect.any(String),
      last_seen_at: expect.any(String),
      expires_at: expect.any(String),
      history: [{ at: expect.any(String), from: null, to: 'healthy', reason: 'published', version: '0.1.0' }],
    });
  });

  it('ignores the same and older sequences, and says 204 all the same', async () => {
    await accept(status(5));
    await accept(status(5, { version: 'same' }));
    await accept(status(4, { version: 'older', ...health('offline') }));
    expect(await seen()).toMatchObject({ version: '0.1.0', status: 'healthy' });

    await accept(status(6, { version: 'newer' }));
    expect(await seen()).toMatchObject({ version: 'newer' });
  });

  it('orders the seed’s payloads by their timestamps', async () => {
    await accept(seed({ timestamp: '2026-02-06T12:00:30Z', version: 'second' }));
    await accept(seed({ timestamp: '2026-02-06T12:00:00Z', version: 'first' }));

    expect((await seen()).version).toBe('second');
  });

  it('does not let a late status bring back an instance that said goodbye', async () => {
    await accept(status(7));
    await accept(status(9, health('offline')));
    await accept(status(8));

    expect((await seen()).status).toBe('offline');
  });

  it('takes any sequence of an instance that was silent for long: it began anew', async () => {
    await accept(status(1_000));
    await pass(601);
    await accept(status(1, { version: 'again' }));

    expect(await seen()).toMatchObject({ version: 'again', status: 'healthy' });
  });

  it.each(['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'])('is harmless with a clock at %s: ours decides', async (timestamp) => {
    await accept(seed({ timestamp }));
    expect((await seen()).status).toBe('healthy');
    expect(Math.abs(Date.parse((await seen()).last_seen_at) - Date.now())).toBeLessThan(600_000);

    await accept(seed({ timestamp: new Date(Date.now() + 60_000).toISOString(), version: 'put right' }));

    expect((await seen()).version).toBe('put right');
  });

  it('keeps the newest of many that two replicas take at once, with one history', async () => {
    const statuses = Array.from({ length: 30 }, (_, n) => status(n + 1, health(n % 2 === 0 ? 'healthy' : 'degraded')));
    const { key } = await controlPlane().makeKey('publisher');
    const [here, there] = [controlPlane().bearer(key), replica.bearer(key)];

    // Each at both, and neither in order.
    await Promise.all(statuses.flatMap((body, n) => [accept(body, here), accept(statuses[29 - n] ?? body, there)]));

    const { status: now, history } = await seen();
    expect(now).toBe('degraded');
    const oldestFirst = [...history].reverse();
    expect(oldestFirst.map(({ from }) => from)).toEqual([null, ...oldestFirst.slice(0, -1).map(({ to }) => to)]);
    expect(oldestFirst.every(({ from, to }) => from !== to)).toBe(true);
  });

  it('takes a whole site that starts and stops at once, at two replicas', async () => {
    const { key } = await controlPlane().makeKey('publisher');
    const [here, there] = [controlPlane().bearer(key), replica.bearer(key)];
    const site = Array.from({ length: 60 }, (_, n) => `${id}-${n}`);
    const say = (sequence: number, word: InstanceStatus['health']['status']) =>
      Promise.all([site.map((one) => [one, here] as const), [...site].reverse().map((one) => [one, there] as const)].flat().map(
        ([one, api]) => accept(status(sequence, { instance_id: one, service_name: `site-${id}`, ...health(word) }), api)));

    await say(1, 'healthy');
    await say(2, 'offline');

    const { instances } = (await admin.get(`/openclaw/instances?service=site-${id}&status=offline&limit=200`)).body;
    expect(instances).toHaveLength(site.length);
    expect((await seen(`${id}-7`)).history).toMatchObject([{ from: 'healthy', to: 'offline' }, { from: null, to: 'healthy' }]);
  });

  it('keeps the newest changes of one that flaps, and no more than 200', async () => {
    const { pool } = controlPlane().owner;
    await accept(status(1));
    await pool.query("INSERT INTO instance_status_change (instance_id, to_status, reason, version) SELECT $1, 'healthy', 'published', n FROM generate_series(1, 500) n", [id]);

    await accept(status(2, { version: '2.0.0', ...health('degraded') }));

    const { rows } = await pool.query<{ version: string }>('SELECT version FROM instance_status_change WHERE instance_id = $1 ORDER BY id DESC', [id]);
    expect(rows).toHaveLength(CHANGES_OF_ONE_INSTANCE);
    expect(rows.slice(0, 2)).toEqual([{ version: '2.0.0' }, { version: '500' }]);
  });

  it('writes each change of status down once, newest first and at most 50', async () => {
    for (let n = 1; n <= 52; n += 1) await accept(status(n, health(n % 2 === 0 ? 'healthy' : 'degraded')));
    await accept(status(53, health('healthy')));

    const { history } = await seen();

    expect(history).toHaveLength(50);
    expect(history[0]).toMatchObject({ from: 'degraded', to: 'healthy' });
  });
});

describe('a version of the schema', () => {
  it('of another major is refused, naming what is understood, whatever else it says', async () => {
    for (const body of [status(1, { schema_version: '2.0.0' }), { schema_version: '2.1.0', everything: 'else' }]) {
      expect((await publish(body)).body).toMatchObject({ status: 422, code: 'unsupported-schema-version', understood: ['1.x'], newest: '1.0.0' });
    }
    expect((await admin.get(`/openclaw/instances/${id}`)).body).toMatchObject({ status: 404, code: 'instance-not-found' });
  });

  it('of a newer minor is taken, without what is not known here', async () => {
    await accept(status(1, { schema_version: '1.7.0', mood: 'fine' }));

    expect((await seen()).schema_version).toBe('1.7.0');
  });
});

describe('the older short form', () => {
  const short = (word: string, jobs = 2, timestamp = new Date().toISOString()) => ({ agent_name: 'Chimera', status: word, active_jobs: jobs, timestamp });
  const only = async () => {
    const { instances } = (await admin.get('/openclaw/instances?service=Chimera')).body;
    expect(instances).toHaveLength(1);
    return instances[0];
  };
  afterEach(() => controlPlane().owner.pool.query("DELETE FROM service_instance WHERE service_name = 'Chimera'"));

  it.each([
    ['Available', 'healthy', 3, 1],
    ['Busy', 'healthy', 2, 0],
    ['Degraded', 'degraded', 2, 0],
    ['Draining', 'draining', 2, 0],
    ['Offline', 'offline', 2, 0],
  ])('says %s: %s, %i tasks at once, room for %i', async (word, health, concurrent, free) => {
    await accept(short(word));

    expect(await only()).toMatchObject({
      service_name: 'Chimera',
      status: health,
      schema_version: '0.0.0',
      capacity: { concurrent_tasks: concurrent, queue_length: 2 },
      free_capacity: free,
      capabilities: [],
    });
  });

  it('is one instance for each name and key', async () => {
    await accept(short('Available', 2, '2026-02-06T12:00:00Z'));
    await accept(short('Busy', 2, '2026-02-06T12:00:30Z'));
    expect((await only()).free_capacity).toBe(0);

    await accept(short('Available'), await controlPlane().as('publisher'));

    expect((await admin.get('/openclaw/instances?service=Chimera')).body.instances).toHaveLength(2);
  });

  it('with more jobs than a capacity counts still is an instance with room', async () => {
    await accept(short('Available', 1_000_000_000));

    expect((await only()).free_capacity).toBe(1);
  });

  it('with a word that is none is told so', async () => {
    expect((await publish(short('Sleepy'))).body).toMatchObject({ code: 'invalid-request', issues: [{ path: 'status' }] });
  });
});

describe('an instance', () => {
  it('is of the key that published it first, while that is not revoked', async () => {
    const first = await controlPlane().makeKey('publisher');
    await accept(status(10), controlPlane().bearer(first.key));

    expect((await publish(status(11, { version: 'other' }))).body).toMatchObject({ status: 409, code: 'instance-of-another-key' });
    expect((await seen()).version).toBe('0.1.0');

    await revokeApiKeyRow(controlPlane().owner.prisma, first.id, new Date());
    await accept(status(3, { version: 'other' }));
    expect((await seen()).version).toBe('other');
  });

  it.each([
    ['that said goodbye', () => accept(status(11, health('offline')))],
    ['that is silent', () => pass(3 * 120 + 1)],
  ])('%s goes to whoever publishes it next', async (_what, leave) => {
    await accept(status(10));
    await leave();
    const next = await controlPlane().as('operator');

    await accept(status(1, { version: 'next' }), next);

    expect(await seen()).toMatchObject({ version: 'next', status: 'healthy' });
    expect((await publish(status(20))).body.code).toBe('instance-of-another-key');
  });

  it('is not taken when its key has as many as one may have, until some of them are gone', async () => {
    const { id: keyId, key } = await controlPlane().makeKey('publisher');
    const crowded = controlPlane().bearer(key);
    const { pool } = controlPlane().owner;
    await accept(status(1), crowded);
    await pool.query(
      `INSERT INTO service_instance SELECT (jsonb_populate_record(s, jsonb_build_object('instance_id', $1 || n, 'first_seen_at', now() - interval '2 hours'))).*
       FROM service_instance s, generate_series(2, ${INSTANCES_OF_ONE_KEY}) n WHERE instance_id = $1`, [id]);
    const further = seed({ instance_id: randomUUID() });

    const refused = await publish(further, crowded);
    expect(refused).toMatchObject({ status: 429, body: { code: 'rate-limited', retry_after: 60 } });
    await accept(status(2), crowded);
    await accept(further);

    await pool.query("UPDATE service_instance SET told_status = 'offline', health = 'offline' WHERE api_key_id = $1 AND instance_id <> $2", [keyId, id]);
    await accept(seed({ instance_id: randomUUID() }), crowded);
    await pool.query('UPDATE service_instance SET first_seen_at = now() WHERE api_key_id = $1', [keyId]);
    expect((await publish(seed({ instance_id: randomUUID() }), crowded)).status).toBe(429);
    await pool.query('DELETE FROM service_instance WHERE api_key_id = $1', [keyId]);
  });

  it('is never a bot’s id', async () => {
    const botId = await makeBot(admin, { owner_id: 'alice' });

    for (const instance_id of [botId, botId.toUpperCase()]) {
      expect((await publish(seed({ instance_id }))).body).toMatchObject({ status: 409, code: 'instance-of-another-key' });
    }
    expect(await seen(botId)).toMatchObject({ bot_id: botId, service_name: 'bot-agent', status: 'offline', history: [] });
  });

  it('is of the first of two keys that publish it at the same time', async () => {
    const keys = await Promise.all([1, 2, 3, 4].map(() => controlPlane().makeKey('publisher')));

    const answers = await Promise.all(keys.map(({ key }, n) => publish(status(1), (n % 2 === 0 ? controlPlane() : replica).bearer(key))));

    expect(answers.map((answer) => answer.status).sort()).toEqual([204, 409, 409, 409]);
  });
});

describe('a status that is no status', () => {
  it.each([
    ['without an instance', { instance_id: undefined }, 'instance_id'],
    ['with a capacity below nothing', { capacity: { concurrent_tasks: -1, queue_length: 0 } }, 'capacity.concurrent_tasks'],
    ['with another word for its health', health('healthy') && { health: { status: 'fine' } }, 'health.status'],
    ['with a NUL that Postgres cannot store', { version: 'a\u0000' }, 'version'],
    ['with a NUL in what is not known', { mood: { deep: '\u0000' } }, 'mood.deep'],
    ['with a schema version that is none', { schema_version: 'one' }, 'schema_version'],
    ['with numbers that a few bytes name and hundreds show', { health: { status: 'healthy', details: { far: [1, { much: 1e308 }] } } }, 'health.details.far.1.much'],
    ['with numbers as small', { health: { status: 'healthy', details: { little: -1e-308 } } }, 'health.details.little'],
  ])('is refused %s, with the path', async (_what, change, path) => {
    expect((await publish(seed(change))).body).toMatchObject({ status: 400, code: 'invalid-request', issues: [{ path }] });
  });

  it('is refused when Postgres cannot read its time, as the publisher’s fault and not ours', async () => {
    const timestamp = `2026-02-06T12:00:00.${'1'.repeat(200)}Z`;

    const answers = [await publish(seed({ timestamp })), await publish({ agent_name: 'Chimera', status: 'Available', active_jobs: 1, timestamp })];

    expect(answers.map(({ status, body: { code } }) => [status, code])).toEqual([[400, 'invalid-request'], [400, 'invalid-request']]);
  });

  it('is refused when it is an empty object, nothing or too large', async () => {
    const answers = [await publish({}), await publisher.post('/openclaw/status'), await publish(seed({ health: { status: 'healthy', details: { text: 'x'.repeat(33_000) } } }))];

    expect(answers.map((answer) => answer.body.code)).toEqual(['invalid-request', 'invalid-request', 'payload-too-large']);
  });
});
