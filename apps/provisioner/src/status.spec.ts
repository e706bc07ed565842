import { once } from 'node:events';
import { connect } from 'node:net';
import { CapabilitiesView, INSTANCE_STATUS_MEDIA_TYPE, InstanceStatus, Problem } from '@trawling/contracts';
import { adoptFleet, type Database, openDatabase } from '@trawling/database';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { type FakeDigitalOcean, startFakeDigitalOcean } from '@trawling/digitalocean-fake';
import { openStatusReceiver } from '@trawling/http/testing';
import { startRedisServer, whyNoRedis } from '@trawling/queues/testing';
import { createMemoryLogger, until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { compose } from './compose.js';
import { Env } from './env.js';
import { insertBot, setUpInstallation } from './testing/bots-in-database.js';
import { registrationFile } from './testing/registration-file.js';

const PATIENCE = { timeoutMs: 30_000 };

/** Redis takes connections and answers nobody for so long. */
async function pauseRedis(url: string, ms: number): Promise<void> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`CLIENT PAUSE ${ms} ALL\r\n`);
  await once(socket, 'data');
  socket.destroy();
}

describe('the status of a provisioner', () => {
  let cloud: FakeDigitalOcean;
  let test: TestDatabase;
  let database: Database;
  /** Another database of the same server: one cannot close its own. */
  let server: Database;
  const closers: (() => Promise<unknown>)[] = [];
  const opened = <T extends { close: () => Promise<unknown> }>(thing: T): T => {
    closers.unshift(thing.close);
    return thing;
  };

  beforeAll(async () => {
    cloud = await startFakeDigitalOcean();
  });
  afterAll(() => cloud.stop());
  beforeEach(async () => {
    test = await createTestDatabase();
    database = await openDatabase({ url: test.url });
    server = await openDatabase({ url: Object.assign(new URL(test.url), { pathname: '/postgres' }).href });
  });
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
    await database.close();
    await server.close();
    await test.close();
  });

  const start = async (more: Record<string, string> = {}) => {
    await setUpInstallation(database, more['REDIS_URL'] === undefined ? 'postgres' : 'redis');
    await database.transaction((tx) => adoptFleet(tx));
    const env = Env.parse({
      PORT: '0', DATABASE_URL: test.roleUrl('trawling_provisioner'), SYNC_ADAPTER_URL: 'https://bots.example.com', MACHINE_DRIVER: 'digitalocean',
      DIGITALOCEAN_TOKEN: 'dop_v1_secret', DIGITALOCEAN_API_URL: cloud.url, DIGITALOCEAN_IMAGE: 'debian-12-x64', SWEEP_SECONDS: '0.2', ...more,
    });
    const { value, stop } = await compose(env, { logger: createMemoryLogger().logger, version: '0.0.0-test', supervisorFile: '', registrationFile, environment: {} });
    return { url: value.url, ...opened({ close: stop }) };
  };
  const publishing = async () => {
    const receiver = opened(await openStatusReceiver());
    return { receiver, env: { OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: 'key' } };
  };
  const whole = async (url: string): Promise<InstanceStatus> =>
    InstanceStatus.parse(await (await fetch(`${url}/status`, { headers: { Accept: INSTANCE_STATUS_MEDIA_TYPE } })).json());
  const readiness = async (url: string) => {
    const answer = await fetch(`${url}/readyz`);
    return { status: answer.status, body: z.looseObject({ checks: z.record(z.string(), z.object({ ok: z.boolean() })) }).parse(await answer.json()) };
  };
  /** As a server does that goes away: whoever is connected is cut off, and nobody gets in. */
  const databaseIs = async (there: boolean): Promise<void> => {
    const name = new URL(test.url).pathname.slice(1);
    await server.pool.query(`ALTER DATABASE "${name}" ALLOW_CONNECTIONS ${String(there)}`);
    if (!there) await server.pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
  };

  it('says what it makes machines of, what it is at, and what it knows of the provider', async () => {
    const { url } = await start();
    await until(async () => (await whole(url)).health.details['sweep_age_seconds'] !== null, PATIENCE);

    const status = await whole(url);
    const capabilities = CapabilitiesView.parse(await (await fetch(`${url}/capabilities`)).json());

    expect(status).toMatchObject({
      service_name: 'provisioner',
      capabilities: ['machines.digitalocean', 'machines.sweep'],
      capacity: { concurrent_tasks: 8, queue_length: 0 },
      health: { status: 'healthy', details: { driver: 'digitalocean', queue: 'postgres', machines: { state: 'ready' }, orphans: { count: 0, monthly_usd: 0, held: null }, provider_in_doubt: false } },
    });
    expect(capabilities.capabilities.map(({ name }) => name)).toEqual(status.capabilities);
    expect(await (await fetch(`${url}/status`)).json()).toMatchObject({ agent_name: 'provisioner', status: 'Available', active_jobs: 0 });
    expect(JSON.stringify(status)).not.toContain('dop_v1_secret');
  });

  it('counts looks at machines by their outcome, machines by state, and the provider’s requests', async () => {
    const { url } = await start();
    await insertBot(database);

    const metrics = async () => (await fetch(`${url}/metrics`)).text();
    await until(async () => /machine_looks_total\{outcome="settled"\} [1-9]/.test(await metrics()), PATIENCE);

    const text = await metrics();
    expect(text).toMatch(/^machines\{state="\w+"\} 1$/m);
    expect(text).toMatch(/^provider_requests_total\{kind="read"\} [1-9]/m);
    expect(text).toMatch(/^provider_answers_total\{status="200"\} [1-9]/m);
    expect(text).toMatch(/^provider_requests_left\{window="hour"\} 4\d\d\d$/m);
    expect(text).toMatch(/^sweep_age_seconds [\d.e-]+$/m);
    expect(text).toContain('ready{check="worker"} 1');
    expect((await whole(url)).health.details['last_task_success_seconds']).not.toBeNull();
  });

  it('is degraded, and not ready, while Postgres is away, says so without a word about the inside, and heals', async () => {
    const { receiver, env } = await publishing();
    const { url } = await start(env);
    await until(() => receiver.told().at(-1) === 'healthy');

    await databaseIs(false);
    await until(() => receiver.told().at(-1) === 'degraded', PATIENCE);
    const away = await readiness(url);
    const status = await whole(url);
    await databaseIs(true);

    expect(away).toMatchObject({ status: 503, body: { checks: { database: { ok: false }, queue: { ok: false }, worker: { ok: true } } } });
    expect(Problem.parse(away.body).code).toBe('unavailable');
    expect(JSON.stringify([away.body, status])).not.toMatch(/postgres:|postgresql|trawling_provisioner|127\.0\.0\.1/);
    await until(async () => (await readiness(url)).status === 200, PATIENCE);
    await until(() => receiver.told().at(-1) === 'healthy', PATIENCE);
  }, 90_000);

  const noRedis = whyNoRedis();
  (noRedis ? it.skip : it)(`is not ready when the queue alone is away${noRedis ? ` (${noRedis})` : ''}`, async () => {
    const redis = opened(await startRedisServer());
    const { url } = await start({ REDIS_URL: redis.url });
    await until(async () => (await readiness(url)).status === 200, PATIENCE);

    await pauseRedis(redis.url, 8_000);

    await until(async () => (await readiness(url)).status === 503, PATIENCE);
    expect((await readiness(url)).body.checks).toMatchObject({ database: { ok: true }, queue: { ok: false } });
    await until(async () => (await readiness(url)).status === 200, PATIENCE);
  }, 90_000);

  it('is published: draining first of all when it stops, offline when its work has ended', async () => {
    const { receiver, env } = await publishing();
    const { close } = await start(env);
    await until(() => receiver.told().at(-1) === 'healthy');

    await close();

    expect(receiver.told()).toEqual(['healthy', 'draining', 'offline']);
  });
});
