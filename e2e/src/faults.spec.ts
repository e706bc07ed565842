import { type BotStatus } from '@trawling/contracts';
import { systemClock, uuid7 } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { openFaultyProxy } from './support/rig/faulty-proxy.js';
import { enrolledBot, type RigMachine } from './support/rig/enroll.js';
import { runFaultBot } from './support/rig/fault-bot.js';
import { freePort } from './support/rig/postgres.js';
import { openRig, type Rig } from './support/rig/rig.js';

const note = (message: string): object => ({ id: uuid7(), type: 'note', timestamp: new Date().toISOString(), message });

describe('the fleet under faults', () => {
  let opened: Awaited<ReturnType<typeof openRig>>;
  let rig: Rig;
  beforeAll(async () => {
    opened = await openRig();
    rig = opened.value;
  });
  afterAll(() => opened?.stop());

  const ask = (bot: RigMachine, path: string, init: { body?: unknown; headers?: Record<string, string>; url?: string } = {}): Promise<Response> =>
    fetch(`${init.url ?? rig.syncAdapterUrl}/bots/${bot.botId}/${path}`, {
      method: init.body === undefined ? 'GET' : 'POST',
      headers: {
        Authorization: `Bearer ${bot.credential}`,
        ...(init.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...init.headers,
      },
      ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    });
  const status = (bot: { bootId: string }, sequence: number, change: Partial<BotStatus> = {}): BotStatus => ({
    boot_id: bot.bootId, sequence, sent_at: new Date().toISOString(), agent_version: '0', openclaw_version: null, uptime_seconds: 1,
    applied_version: null, applied_hash: null, health: { status: 'healthy', details: {} }, gateway: { state: 'ready', restarts: 0 }, ...change,
  });
  const notesOf = (bot: RigMachine): Promise<{ id: string }[]> => rig.query('SELECT id FROM bot_event WHERE bot_id = $1 AND type = $2', [bot.botId, 'note']);

  it('Postgres crashes in the middle of writes: what was answered 200 is there, the rest was answered 503 or not at all', async () => {
    const bots = await Promise.all(Array.from({ length: 8 }, (_, n) => enrolledBot(rig, `Crash ${n}`)));
    const outcomes: { id: string; status: number }[] = [];
    let crashed = false;
    const write = async (bot: RigMachine): Promise<void> => {
      for (let last = 0; !crashed || last !== 200; ) {
        const id = uuid7();
        const answer = await ask(bot, 'events', { body: [{ id, type: 'note', timestamp: new Date().toISOString(), message: 'crash' }] });
        await answer.text();
        outcomes.push({ id, status: (last = answer.status) });
        // Below what one bot may send.
        await systemClock.sleep(100);
      }
    };

    const writing = Promise.all(bots.map(write));
    await until(() => outcomes.length > 20);
    await rig.postgres.crash();
    crashed = true;
    await writing;

    const stored = new Set((await Promise.all(bots.map(notesOf))).flat().map(({ id }) => id));
    expect(outcomes.filter(({ id, status: got }) => got === 200 && !stored.has(id))).toEqual([]);
    expect([...new Set(outcomes.map(({ status: got }) => got))].sort()).toEqual([200, 503]);
  });

  it('a sync-adapter killed with open long polls and half-written batches: every bot ends synced and no confirmed report is lost', async () => {
    const bots = await Promise.all([1, 2, 3].map(async (n) => runFaultBot(await enrolledBot(rig, `Kill ${n}`), rig.botLine.url)));
    for (let round = 0; round < 3; round += 1) {
      const target = bots[round];
      if (!target) throw new Error('no such bot');
      await until(() => bots.every((bot) => bot.confirmed().length > round * 3), { timeoutMs: 30_000 });
      const { desired_version: version } = await rig.api.patchBot(target.botId, { timezone: 'Asia/Tokyo' });
      await rig.syncAdapter.kill();
      await rig.syncAdapter.start();
      await until(() => target.appliedVersions().at(-1) === version, { timeoutMs: 30_000 });
    }
    bots.forEach((bot) => bot.quieten());
    await until(() => bots.every((bot) => bot.pending() === 0), { timeoutMs: 30_000 });
    await Promise.all(bots.map((bot) => bot.stop()));

    for (const bot of bots) {
      const stored = (await rig.query<{ id: string }>('SELECT id FROM bot_event WHERE bot_id = $1 AND type = $2', [bot.botId, 'note'])).map(({ id }) => id);
      expect(stored.sort()).toEqual([...bot.made()].sort());
      expect(bot.appliedVersions()).toEqual([1, 2]);
    }
  });

  it('a sync-adapter told to stop answers open long polls at once, closes idle connections and ends with 0', async () => {
    const bot = await enrolledBot(rig, 'Drain');
    const etag = (await ask(bot, 'config')).headers.get('etag') ?? '';
    const waiting = ask(bot, 'config?wait=60', { headers: { 'If-None-Match': etag } });
    const idle = connect(Number(new URL(rig.syncAdapterUrl).port), '127.0.0.1');
    const idleClosed = once(idle, 'close');
    await once(idle, 'connect');
    // The long poll is with the server when a later request on the same server is answered.
    await ask(bot, 'keys');

    const stopped = await rig.syncAdapter.stop();

    expect((await waiting).status).toBe(304);
    expect(stopped.exit).toBe(0);
    await idleClosed;
    await rig.syncAdapter.start();
  });

  it('truncated requests leave nothing, duplicated and reordered heartbeats change nothing back', async () => {
    const bot = await enrolledBot(rig, 'Broken lines');
    const bootId = uuid7();
    const body = JSON.stringify([note('cut off')]);
    const socket = connect(Number(new URL(rig.syncAdapterUrl).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.resume();
    socket.write(`POST /bots/${bot.botId}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${bot.credential}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, -10)}`);
    socket.end();
    await once(socket, 'close');

    for (const sequence of [1, 3, 2, 3]) {
      const answer = await ask(bot, 'heartbeat', { body: status({ bootId }, sequence, { agent_version: `at ${sequence}` }) });
      expect([200, 409]).toContain(answer.status);
    }

    expect(await notesOf(bot)).toEqual([]);
    expect((await rig.query('SELECT sequence, status->>$2 AS version FROM bot_reported WHERE bot_id = $1', [bot.botId, 'agent_version']))[0]).toEqual({ sequence: '3', version: 'at 3' });
  });

  it('two PATCHes at once make two versions, one after the other, and the bot ends on the second', async () => {
    const machine = await enrolledBot(rig, 'Two at once');
    const bot = runFaultBot(machine, rig.botLine.url);
    await until(() => bot.appliedVersions().length === 1, { timeoutMs: 30_000 });

    const answers = await Promise.all([rig.api.patchBot(bot.botId, { strictness: 'high' }), rig.api.patchBot(bot.botId, { timezone: 'Asia/Tokyo' })]);

    expect(answers.map(({ desired_version: version }) => version).sort()).toEqual([2, 3]);
    await until(() => bot.appliedVersions().at(-1) === 3, { timeoutMs: 30_000 });
    expect((await rig.api.getBot(bot.botId)).settings).toMatchObject({ strictness: 'high', timezone: 'Asia/Tokyo' });
    await bot.stop();
  });

  it('a database restored from an older dump is noticed, and the next change is above everything the bot ever ran', async () => {
    const machine = await enrolledBot(rig, 'Restored');
    const bot = runFaultBot(machine, rig.botLine.url);
    await until(() => bot.appliedVersions().at(-1) === 1, { timeoutMs: 30_000 });
    await until(async () => (await rig.api.getBot(bot.botId)).sync_status === 'synced', { timeoutMs: 30_000 });
    await rig.postgres.stop();
    await rig.postgres.dump();
    await rig.postgres.start();
    await until(async () => (await rig.api.patchBot(bot.botId, { strictness: 'high' }).catch(() => null)) !== null, { timeoutMs: 30_000 });
    await rig.api.patchBot(bot.botId, { strictness: 'low' });
    await until(() => bot.appliedVersions().at(-1) === 3, { timeoutMs: 30_000 });

    await rig.postgres.stop();
    await rig.postgres.restore();
    await rig.postgres.start();

    const events = async (): Promise<string[]> => (await rig.api.events(bot.botId)).events.map(({ type }) => type);
    await until(async () => (await events().catch((): string[] => [])).includes('state-regressed'), { timeoutMs: 60_000 });
    const { desired_version: version } = await rig.api.patchBot(bot.botId, { timezone: 'Asia/Tokyo' });
    expect(version).toBe(4);
    await until(() => bot.appliedVersions().at(-1) === 4, { timeoutMs: 30_000 });
    await until(async () => (await rig.api.getBot(bot.botId)).sync_status === 'synced', { timeoutMs: 30_000 });
    expect((await events()).filter((type) => type === 'state-regressed')).toHaveLength(1);
    await bot.stop();
  });
});

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;
(hasRedis ? describe : describe.skip)('the fleet without its Redis for a while', () => {
  it('takes every change, tells the bots, and is whole again when Redis is back', async () => {
    const port = await freePort();
    const redis = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { stdio: 'ignore' });
    const line = await openFaultyProxy(port);
    const opened = await openRig({ redisUrl: `redis://127.0.0.1:${line.port}` });
    try {
      const rig = opened.value;
      const bot = runFaultBot(await enrolledBot(rig, 'Redis'), rig.botLine.url);
      await until(() => bot.appliedVersions().length === 1, { timeoutMs: 30_000 });
      const ready = async (): Promise<number> => (await fetch(`${rig.controlPlaneUrl}/readyz`)).status;
      expect(await ready()).toBe(200);

      line.cut();
      const away = systemClock.monotonicMs();
      for (let n = 0; systemClock.monotonicMs() - away < 60_000; n += 1) {
        const { desired_version: version } = await rig.api.patchBot(bot.botId, { strictness: n % 2 === 0 ? 'high' : 'low' });
        await until(() => bot.appliedVersions().at(-1) === version, { timeoutMs: 15_000 });
      }
      const made = await rig.api.createBot({ owner_id: 'rig', settings: { name: 'Made without Redis' } });
      line.mend();

      await until(async () => (await ready()) === 200, { timeoutMs: 60_000 });
      expect((await rig.api.getBot(made.bot_id)).machine).toMatchObject({ state: 'wanted' });
      await bot.stop();
    } finally {
      await opened.stop();
      await line.close();
      redis.kill();
      if (redis.exitCode === null) await once(redis, 'exit');
    }
  });
});
