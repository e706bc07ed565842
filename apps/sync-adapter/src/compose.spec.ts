import { until } from '@trawling/runtime/testing';
import request from 'supertest';
import { compose } from './compose.js';
import { Env } from './env.js';
import { openWire } from './testing/open-wire.js';
import { TestBot } from './testing/test-bot.js';
import { registrationFile, useTestWorld } from './testing/test-world.js';

describe('the composed sync-adapter', () => {
  const world = useTestWorld();
  const start = (databaseUrl: string) =>
    compose(Env.parse({ PORT: '0', INTERNAL_PORT: '0', DATABASE_URL: databaseUrl }), { logger: world().log.logger, version: '1', registrationFile });

  it('serves bots on one port and health on the other', async () => {
    const { value, stop } = await start(world().database.roleUrl('trawling_sync_adapter'));

    await request(value.internalUrl).get('/healthz').expect(200);
    await request(value.internalUrl).get('/readyz').expect(200);
    await request(value.internalUrl).get('/openapi.json').expect(404);
    await request(value.url).get('/healthz').expect(404);
    await request(value.url).get('/openapi.json').expect(200);
    await stop();
  });

  it('counts what it answered, on the internal port only', async () => {
    const { value, stop } = await start(world().database.roleUrl('trawling_sync_adapter'));
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    const poll = () =>
      request(value.url).get(`/bots/${bot.id}/config`).set({ 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${hash}"` });
    // The first fills the memory, the second is answered from it.
    await poll().expect(304);
    await poll().expect(304);

    await request(value.url).get('/metrics').expect(404);
    const { text } = await request(value.internalUrl).get('/metrics').expect(200);

    expect(text).toContain('http_requests_total{method="GET",route="/bots/:bot_id/config",status="304"} 2');
    expect(text).toContain('sync_configs_in_memory 1');
    expect(text).toMatch(/change_feed_lag_seconds [\d.e-]+/);
    expect(text).toContain('process_resident_memory_bytes');
    expect(text).not.toContain(bot.id);
    await stop();
  });

  it('answers what waits before it stops, in bounded time', async () => {
    const { value, stop } = await start(world().database.roleUrl('trawling_sync_adapter'));
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    const call = (path: string) =>
      request(value.url).get(path).set({ 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${hash}"` });

    const waiting = call(`/bots/${bot.id}/config?wait=60`).then((answer) => answer.status);
    // The second call is answered after the first was taken.
    await call(`/bots/${bot.id}/config`).expect(304);
    await stop();

    expect(await waiting).toBe(304);
  });

  it('does not start without its database', async () => {
    await expect(start('postgresql://nobody@127.0.0.1:1/nothing')).rejects.toThrow();
  });

  it('answers polls from memory for a moment while the database is away, and stops when nobody can confirm it any more', async () => {
    const wire = await openWire(world().database.roleUrl('trawling_sync_adapter'));
    const { value, stop } = await start(wire.url);
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    const poll = () =>
      request(value.url).get(`/bots/${bot.id}/config`).set({ 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${hash}"` });
    await poll().expect(304);

    wire.cut();
    const atOnce = await poll();
    // A revocation that nobody here can hear of.
    await world().controlPlane.revoke(bot.credentialId, 'security');
    await until(async () => (await poll()).status === 503, { timeoutMs: 15_000 });
    wire.mend();

    expect(atOnce.status).toBe(304);
    await until(async () => (await poll()).status === 401);
    await stop();
    await wire.close();
  });

  it('answers 503 while the database is away, keeps running, and hears of changes again afterwards', async () => {
    const wire = await openWire(world().database.roleUrl('trawling_sync_adapter'));
    const { value, stop } = await start(wire.url);
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    const call = (path: string) =>
      request(value.url).get(path).set({ 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${hash}"` });

    wire.cut();
    const away = await call(`/bots/${bot.id}/config`).expect(503);
    const notReady = await request(value.internalUrl).get('/readyz').expect(503);
    const body = await bot.enrollRequest();
    const enrolling = await request(value.url).post(`/bots/${bot.id}/enroll`).send(body).expect(503);
    wire.mend();

    expect([away.body.code, enrolling.body.code, notReady.body.code]).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(away.headers['retry-after']).toBeDefined();
    await until(async () => (await call(`/bots/${bot.id}/config`)).status === 304);
    await request(value.internalUrl).get('/healthz').expect(200);

    const waiting = call(`/bots/${bot.id}/config?wait=30`).then((answer) => answer.status);
    await world().controlPlane.changeBot(bot.id);
    expect(await waiting).toBe(200);
    await stop();
    await wire.close();
  });
});
