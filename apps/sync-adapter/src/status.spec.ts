import { CapabilitiesView, INSTANCE_STATUS_MEDIA_TYPE, InstanceStatus } from '@trawling/contracts';
import { openStatusReceiver } from '@trawling/http/testing';
import { until } from '@trawling/runtime/testing';
import request from 'supertest';
import { compose } from './compose.js';
import { Env } from './env.js';
import { openWire } from './testing/open-wire.js';
import { TestBot } from './testing/test-bot.js';
import { TestStream } from './testing/test-stream.js';
import { registrationFile, useTestWorld } from './testing/test-world.js';

describe('the status of a sync-adapter', () => {
  const world = useTestWorld();
  const databaseUrl = (): string => world().database.roleUrl('trawling_sync_adapter');
  const closers: (() => Promise<unknown>)[] = [];
  /** Closed after the test, the last opened first, whatever becomes of it. */
  const opened = <T extends { close: () => Promise<unknown> }>(thing: T): T => {
    closers.unshift(thing.close);
    return thing;
  };
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  const start = async (env: Record<string, string> = {}) => {
    const { value, stop } = await compose(
      Env.parse({ PORT: '0', INTERNAL_PORT: '0', DATABASE_URL: databaseUrl(), ...env }),
      { logger: world().log.logger, version: '1', registrationFile },
    );
    return { value, stop, ...opened({ close: stop }) };
  };
  const published = async () => {
    const receiver = opened(await openStatusReceiver());
    return { receiver, env: { OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: 'key' } };
  };
  const whole = async (url: string): Promise<InstanceStatus> => {
    const answer = await fetch(`${url}/status`, { headers: { Accept: INSTANCE_STATUS_MEDIA_TYPE } });
    return InstanceStatus.parse(await answer.json());
  };

  it('is on the second port only, short by default, with what it can do beside it', async () => {
    const { value } = await start();

    const short = await request(value.internalUrl).get('/status').expect(200);
    const capabilities = await request(value.internalUrl).get('/capabilities').expect(200);

    expect(short.body).toEqual({ agent_name: 'sync-adapter', status: 'Available', active_jobs: 0, timestamp: expect.any(String) });
    expect(CapabilitiesView.parse(capabilities.body).capabilities.map(({ name }) => name)).toEqual(['bots.sync', 'bots.enroll', 'reports.collect', 'stream']);
    await request(value.url).get('/status').expect(404);
    await request(value.url).get('/capabilities').expect(404);
  });

  it('stays on this machine when bots reach the public listener from everywhere', async () => {
    const { value } = await start({ HOST: '0.0.0.0' });
    const from = (url: string): Promise<number | string> =>
      fetch(`http://127.0.0.2:${new URL(url).port}/metrics`).then(({ status }) => status, () => 'refused');

    expect([await from(value.url), await from(value.internalUrl)]).toEqual([404, 'refused']);
  });

  it('counts the streams it carries and the requests that wait, and is busy when it may carry no more', async () => {
    const { value, stop } = await start({ MAX_STREAMS: '2' });
    const at = async () => (await TestBot.enrolled(world())).at({ ...world(), url: value.url });
    const stream = await TestStream.of(await at());
    const bot = await at();
    const { hash } = (await bot.config()).body;
    const poll = (query: string) =>
      request(value.url).get(`/bots/${bot.id}/config${query}`).set({ 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${hash}"` }).then(({ status }) => status);
    expect(await poll('')).toBe(304);
    const polling = poll('?wait=60');

    await until(async () => (await whole(value.internalUrl)).capacity.queue_length === 2);

    expect(await whole(value.internalUrl)).toMatchObject({
      capacity: { concurrent_tasks: 2, queue_length: 2 },
      health: { status: 'healthy', details: { streams: 1, long_polls: 1, last_task_success_seconds: expect.any(Number) } },
    });
    expect((await request(value.internalUrl).get('/status')).body.status).toBe('Busy');
    await stop();
    expect(await polling).toBe(304);
    await stream.untilClosed();
  });

  it('is degraded, and not ready, while the database is away, says so without a word about the inside, and heals', async () => {
    const wire = opened(await openWire(databaseUrl()));
    const { receiver, env } = await published();
    const { value } = await start({ DATABASE_URL: wire.url, ...env });
    await until(() => receiver.told().at(-1) === 'healthy');

    wire.cut();
    await until(() => receiver.told().at(-1) === 'degraded');
    const ready = await request(value.internalUrl).get('/readyz').expect(503);
    const status = await whole(value.internalUrl);
    wire.mend();

    expect(ready.body.checks).toMatchObject({ database: { ok: false }, accepting: { ok: true } });
    expect(status.health.details).toMatchObject({ degraded_because: [expect.stringContaining('database')] });
    expect(JSON.stringify([ready.body, status])).not.toMatch(/postgres|trawling_sync_adapter|127\.0\.0\.1/);
    await until(async () => (await request(value.internalUrl).get('/readyz')).status === 200);
    await until(() => receiver.told().at(-1) === 'healthy', { timeoutMs: 30_000 });
  }, 60_000);

  it('is not ready when the change feed says nothing any more, although the database answers', async () => {
    const wire = opened(await openWire(databaseUrl()));
    const { value } = await start({ DATABASE_URL: wire.url });
    await request(value.internalUrl).get('/readyz').expect(200);

    wire.swallow('trawling change feed');

    await until(async () => (await request(value.internalUrl).get('/readyz')).status === 503, { timeoutMs: 30_000 });
    expect((await request(value.internalUrl).get('/readyz')).body.checks).toMatchObject({ database: { ok: true }, change_feed: { ok: false } });
    wire.mend();
    await until(async () => (await request(value.internalUrl).get('/readyz')).status === 200, { timeoutMs: 30_000 });
  }, 90_000);

  it('is published: draining first of all when it stops, offline when nothing is taken any more', async () => {
    const { receiver, env } = await published();
    const { stop } = await start(env);
    await until(() => receiver.told().at(-1) === 'healthy');

    await stop();

    expect(receiver.told()).toEqual(['healthy', 'draining', 'offline']);
    expect(new Set(receiver.received().map(({ instance_id }) => instance_id)).size).toBe(1);
  });

  it('shows Prometheus what publishing counts, and which check passes', async () => {
    const { receiver, env } = await published();
    const { value } = await start(env);
    await until(() => receiver.received().length > 0);

    const { text } = await request(value.internalUrl).get('/metrics').expect(200);

    expect(text).toContain('ready{check="change_feed"} 1');
    expect(text).toMatch(/publish\w*_total/);
  });
});
