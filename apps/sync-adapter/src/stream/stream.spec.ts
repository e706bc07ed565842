import { StreamTopic } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { connect } from 'node:net';
import request from 'supertest';
import { TestBot } from '../testing/test-bot.js';
import { TestStream } from '../testing/test-stream.js';
import { useTestWorld } from '../testing/test-world.js';

const everything = StreamTopic.options;

describe('GET /bots/{id}/stream', () => {
  const world = useTestWorld();
  afterEach(() => until(() => world().streams.size() === 0));

  it('tells a bot to look at everything as soon as it is open', async () => {
    const stream = await TestStream.of(await TestBot.enrolled(world()));

    expect(stream.hints).toEqual([everything]);
    await stream.leave();
  });

  it('tells the bot of its own change of config, and no other bot', async () => {
    const [bot, other] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
    const [stream, quiet] = [await TestStream.of(bot), await TestStream.of(other)];

    await world().controlPlane.changeBot(bot.id);

    await until(() => stream.hints.length > 1);
    expect(stream.hints.slice(1)).toEqual([['config']]);
    expect(quiet.hints).toEqual([everything]);
    await stream.leave();
    await quiet.leave();
  });

  it('tells all bots of a change that names none', async () => {
    const bots = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
    const streams = await Promise.all(bots.map((bot) => TestStream.of(bot)));

    await world().controlPlane.tell({ topic: 'keys', ids: null });

    for (const stream of streams) {
      await until(() => stream.hints.length > 1);
      expect(stream.hints.slice(1)).toEqual([['keys']]);
      await stream.leave();
    }
  });

  it('makes one hint of what changes in quick succession', async () => {
    const bot = await TestBot.enrolled(world());
    const stream = await TestStream.of(bot);

    for (const topic of ['config', 'secrets', 'config', 'secrets'] as const) await world().controlPlane.tell({ topic, ids: [bot.id] });

    await until(() => new Set(stream.hints.slice(1).flat()).size === 2);
    expect(stream.hints.length).toBeLessThanOrEqual(3);
    await stream.leave();
  });

  it('keeps the newest stream of a bot and closes the older one with 4409', async () => {
    const bot = await TestBot.enrolled(world());
    const older = await TestStream.of(bot);

    const newer = await TestStream.of(bot);

    expect(await older.untilClosed()).toMatchObject({ code: 4409 });
    await world().controlPlane.changeBot(bot.id);
    await until(() => newer.hints.length > 1);
    await newer.leave();
  });

  it.each([
    ['one revoked for security', 4401, (bot: TestBot) => world().controlPlane.revoke(bot.credentialId, 'security')],
    ['one of a decommissioned bot', 4410, (bot: TestBot) => world().controlPlane.decommission(bot.id)],
    ['one of an older machine', 4410, (bot: TestBot) => world().controlPlane.wantGeneration(bot.id, 2)],
  ])('closes the stream of a credential as it becomes %s with %i', async (_case, code, fence) => {
    const bot = await TestBot.enrolled(world());
    const stream = await TestStream.of(bot);

    await fence(bot);

    expect((await stream.untilClosed()).code).toBe(code);
  });

  it('looks again at every credential when a change names none, and lets the good ones be', async () => {
    const [bad, good] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
    const [lost, kept] = [await TestStream.of(bad), await TestStream.of(good)];

    await world().controlPlane.prisma.botCredential.update({ where: { id: bad.credentialId }, data: { revokedAt: new Date() } });
    await world().controlPlane.tell({ topic: 'credential', ids: null });

    expect((await lost.untilClosed()).code).toBe(4401);
    expect(kept.closed).toBeUndefined();
    await kept.leave();
  });

  it.each([
    ['message', (stream: TestStream) => stream.socket.send('hello'), 1008],
    ['message larger than any frame it may send', (stream: TestStream) => stream.socket.send('x'.repeat(1_000)), 1009],
    ['flood of pings', (stream: TestStream) => Array.from({ length: 50 }, () => stream.socket.ping()), 1008],
  ])('closes on a bot that sends a %s', async (_case, misbehave, code) => {
    const stream = await TestStream.of(await TestBot.enrolled(world()));

    misbehave(stream);

    expect((await stream.untilClosed()).code).toBe(code);
  });

  it('answers 429 when one bot opens streams all the time', async () => {
    const bot = await TestBot.enrolled(world());
    const opened: TestStream[] = [];

    let answer = await TestStream.ask(bot);
    for (; answer instanceof TestStream && opened.length < 60; answer = await TestStream.ask(bot)) opened.push(answer);

    expect(answer).toMatchObject({ status: 429, code: 'rate-limited', headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    for (const stream of opened) await stream.leave();
  });

  it('agrees on no subprotocol and no compression, whatever is offered', async () => {
    const bot = await TestBot.enrolled(world());
    const stream = await TestStream.of(bot);

    expect([stream.socket.protocol, stream.socket.extensions]).toEqual(['', '']);
    await stream.leave();
  });
});

describe('a stream that is refused', () => {
  const world = useTestWorld({ maxStreams: 1 });

  it.each([
    ['no credential', { Authorization: '' }, 401, 'unauthenticated'],
    ['something that is no credential', { Authorization: 'Bearer nonsense' }, 401, 'unauthenticated'],
  ])('is answered over HTTP as any call: %s', async (_case, headers, status, code) => {
    const bot = await TestBot.enrolled(world());

    const answer = await TestStream.refused(bot, headers);

    expect(answer).toMatchObject({ status, code, headers: { 'content-type': expect.stringContaining('application/problem+json') } });
  });

  it.each([
    ['revoked for security', 401, 'unauthenticated', (bot: TestBot) => world().controlPlane.revoke(bot.credentialId, 'security')],
    ['of a decommissioned bot', 410, 'bot-decommissioned', (bot: TestBot) => world().controlPlane.decommission(bot.id)],
    ['of an older machine', 410, 'machine-superseded', (bot: TestBot) => world().controlPlane.wantGeneration(bot.id, 2)],
  ])('is answered as any call with a credential %s', async (_case, status, code, fence) => {
    const bot = await TestBot.enrolled(world());
    await fence(bot);

    expect(await TestStream.refused(bot)).toMatchObject({ status, code });
  });

  it('finds no other bot', async () => {
    const [bot, other] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];

    expect(await TestStream.refused(bot, {}, `/bots/${other.id}/stream`)).toMatchObject({ status: 404, code: 'bot-not-found' });
  });

  it('takes nothing from the address: a credential there would end up in logs', async () => {
    const bot = await TestBot.enrolled(world());

    const answer = await TestStream.refused(bot, {}, `/bots/${bot.id}/stream?token=${bot.credential}`);

    expect(answer).toMatchObject({ status: 400, code: 'invalid-request' });
    expect(world().log.text()).not.toContain(bot.credential);
  });

  it.each(['/bots/nonsense/stream', '/stream', '/bots/x/config'])('is nothing at %s', async (path) => {
    expect(await TestStream.refused(await TestBot.enrolled(world()), {}, path)).toMatchObject({ status: 404, code: 'not-found' });
  });

  it('needs an upgrade: a plain GET hears 426', async () => {
    const bot = await TestBot.enrolled(world());

    const answer = await bot.call('get', 'stream').expect(426);

    expect(answer.body.code).toBe('upgrade-required');
    expect(answer.headers['upgrade']).toBe('websocket');
  });

  it('hears 503 with Retry-After when the replica carries as many as it may', async () => {
    const [bot, late] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
    const stream = await TestStream.of(bot);

    const answer = await TestStream.refused(late);

    expect(answer).toMatchObject({ status: 503, code: 'unavailable', headers: { 'retry-after': expect.stringMatching(/^\d+$/) } });
    await stream.leave();
  });

  it.each([
    ['another protocol', 'Upgrade: h2c\r\n', '426 Upgrade Required'],
    ['a version of WebSocket nobody speaks', 'Upgrade: websocket\r\nSec-WebSocket-Version: 99\r\nSec-WebSocket-Key: x\r\n', '400 Bad Request'],
  ])('answers a request for %s and closes', async (_case, lines, status) => {
    const bot = await TestBot.enrolled(world());
    const { port, hostname, host } = new URL(world().url);
    const socket = connect(Number(port), hostname);
    const parts: Buffer[] = [];
    socket.on('data', (part) => parts.push(part));

    socket.write(`GET /bots/${bot.id}/stream HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${bot.credential}\r\nConnection: Upgrade\r\n${lines}\r\n`);
    await new Promise((resolve) => socket.once('close', resolve));

    const text = Buffer.concat(parts).toString();
    expect(text.split('\r\n', 1)[0]).toBe(`HTTP/1.1 ${status}`);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))).status).toBe(Number(status.slice(0, 3)));
  });
});

describe('a stream whose bot is gone without a word', () => {
  const world = useTestWorld({ pingMs: 150 });

  it('is forgotten when a ping is not answered, while one that answers stays', async () => {
    const [mute, alive] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
    const [gone, stays] = [await TestStream.of(mute, { autoPong: false }), await TestStream.of(alive)];
    let pings = 0;
    stays.socket.on('ping', () => (pings += 1));

    await gone.untilClosed();
    await until(() => pings > 3);

    expect(stays.closed).toBeUndefined();
    await stays.leave();
    await request(world().url).get('/nothing').expect(404);
  });
});
