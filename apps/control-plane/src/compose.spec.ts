import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { createLogger, parseEnv, withReleasers } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { randomBytes } from 'node:crypto';
import { compose, openControlPlane } from './compose.js';
import { Env } from './env.js';
import { makeBot, view } from './testing/bots.js';
import { type CuttableProxy, openCuttableProxy } from './testing/cuttable-proxy.js';
import { enroll } from './testing/enroll.js';
import { followStream } from './testing/follow-stream.js';
import { openTestControlPlane, registrationFile, unpublished, useControlPlane } from './testing/open-test-control-plane.js';

const logger = createLogger({ name: 'control-plane', level: 'silent' });
const masterKeys = `k:${randomBytes(32).toString('base64')}`;
/** Nothing listens there. */
const deadRedis = 'redis://127.0.0.1:1';

describe('starting the control plane', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  }, 60_000);
  afterAll(() => test.close());

  const open = (url: string) =>
    withReleasers((onStop) => openControlPlane(onStop, { databaseUrl: url, masterKeys, logger, version: '0', ...unpublished() }));

  it('says what to do when the database is not initialised', async () => {
    await expect(open(test.roleUrl('trawling_control_plane'))).rejects.toThrow('not initialised yet: run "admin init" first');
  });

  it('fails, and leaves nothing open, when there is no database', async () => {
    await expect(open('postgresql://x@127.0.0.1:1/nothing')).rejects.toThrow(/ECONNREFUSED/);
  });

  it('keeps house: partitions are made, and a bot that reports is told online', async () => {
    const controlPlane = await openTestControlPlane();
    try {
      const { pool } = controlPlane.owner;
      const botId = await makeBot(await controlPlane.as('operator'), { owner_id: 'a' });
      await pool.query("INSERT INTO bot_reported (bot_id, lease_expires_at) VALUES ($1, now() + interval '5 minutes')", [botId]);
      await pool.query("DO $$ BEGIN EXECUTE format('DROP TABLE metrics.bot_metric_%s', to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')); END $$");
      const env = parseEnv(Env, { DATABASE_URL: controlPlane.controlPlaneUrl, MASTER_KEYS: controlPlane.masterKeys, PORT: '0', INTERNAL_PORT: '0' });

      const { stop } = await compose(env, { logger, version: '0', registrationFile });
      const seen = async (sql: string) => (await pool.query(sql)).rows.length > 0;
      await until(() => seen("SELECT 1 FROM bot_event WHERE type = 'bot-online' AND source = 'server'"), { timeoutMs: 20_000 });
      await until(() => seen("SELECT to_regclass('metrics.bot_metric_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')) AS there WHERE to_regclass('metrics.bot_metric_' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')) IS NOT NULL"), { timeoutMs: 20_000 });
      await stop();
    } finally {
      await controlPlane.close();
    }
  }, 60_000);

  it('listens where the environment says and stops cleanly', async () => {
    const { ownerUrl, masterKeys: keys, makeKey, owner, close } = await openTestControlPlane();
    try {
      const env = parseEnv(Env, { DATABASE_URL: ownerUrl, MASTER_KEYS: keys, PORT: '0', INTERNAL_PORT: '0', LOG_LEVEL: 'silent' });
      const { value, stop } = await compose(env, { logger, version: '0', registrationFile });

      expect((await fetch(`${value.url}/healthz`)).status).toBe(200);
      const following = await followStream(`${value.url}/openclaw/stream`, (await makeKey('viewer')).key);
      await until(async () => (await owner.prisma.receiverBeat.findUnique({ where: { kind: 'control-plane' } })) !== null);
      await stop();
      expect(await following.end).toBe('ended');
      await expect(fetch(`${value.url}/healthz`)).rejects.toThrow();
    } finally {
      await close();
    }
  }, 30_000);
});

describe('a control plane whose queue is away', () => {
  const controlPlane = useControlPlane({ redisUrl: deadRedis });

  it('accepts changes all the same: the provisioner’s sweep finds them', async () => {
    const { as, logs, anonymous } = controlPlane();
    const api = await as('owner', 'alice');

    const botId = await makeBot(api);

    expect(await view(api, botId)).toMatchObject({ desired_version: 1, machine: { state: 'wanted' } });
    await until(() => logs.some((line) => line.includes('the sweep will find this bot')));
    expect((await anonymous.get('/readyz')).body).toMatchObject({
      status: 503,
      code: 'unavailable',
      checks: { database: { ok: true }, queue: { ok: false } },
    });
  }, 30_000);
});

describe('a control plane whose database goes away', () => {
  let line: CuttableProxy;
  const controlPlane = useControlPlane({
    route: async (onStop, url) => {
      const { hostname, port } = new URL(url);
      line = await openCuttableProxy({ host: hostname, port: Number(port) });
      onStop(() => line.close());
      const routed = new URL(url);
      routed.host = `127.0.0.1:${line.port}`;
      return routed.href;
    },
  });

  it('answers 503 without a word about the inside, and works again when it is back', async () => {
    const api = await controlPlane().as('owner', 'alice');
    const botId = await makeBot(api);
    const change = () => api.patch(`/bots/${botId}`).send({ strictness: 'high' });

    line.cut();
    const answers = [await api.get(`/bots/${botId}`), await change(), await api.get('/bots')];
    line.mend();

    for (const answer of answers) {
      expect(answer.body).toMatchObject({ status: 503, code: 'unavailable', detail: 'The database does not answer: try again' });
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
    }
    await until(async () => (await change()).status === 202, { timeoutMs: 10_000 });
  });

  it('hears of enrollments again after the line was broken', async () => {
    const api = await controlPlane().as('owner', 'alice');
    const botId = await makeBot(api);

    line.cut();
    line.mend();

    expect((await enroll(controlPlane(), botId)).decision.state).toBe('accepted');
  });
});
