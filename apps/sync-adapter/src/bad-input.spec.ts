import { metricsOf } from '@trawling/database/testing';
import request from 'supertest';
import { cronResult, event, metric, TestBot } from './testing/test-bot.js';
import { useTestWorld } from './testing/test-world.js';

const HASH = `sha256:${'0'.repeat(64)}`;

describe('bad input', () => {
  const world = useTestWorld();

  /** Everything the bots' reports could have left. */
  async function storedRows(bot: TestBot): Promise<number> {
    const { prisma } = world().controlPlane;
    const where = { botId: bot.id };
    const counts = [prisma.botEvent.count({ where }), metricsOf(prisma, bot.id).then((rows) => rows.length), prisma.configAck.count({ where }), prisma.botReported.count({ where })];
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  it.each([
    ['config_ack', '{', 400, 'malformed-json', undefined],
    ['config_ack', undefined, 400, 'invalid-request', ''],
    ['config_ack', { version: '1', hash: HASH }, 400, 'invalid-request', 'applied_at'],
    ['config_ack', { version: 1, hash: HASH, applied_at: '2026-11-21T00:00:00Z' }, 400, 'invalid-request', 'version'],
    ['config_ack', { version: '01', hash: HASH, applied_at: '2026-11-21T00:00:00Z' }, 400, 'invalid-request', 'version'],
    ['config_ack', { version: '1', hash: 'x', applied_at: '2026-11-21T00:00:00Z' }, 400, 'invalid-request', 'hash'],
    ['config_ack', { version: '1', hash: HASH, applied_at: '2026-11-21T00:00:00Z', more: 1 }, 400, 'invalid-request', 'more'],
    ['config_ack', { version: '1', hash: HASH, applied_at: '21.11.2026' }, 400, 'invalid-request', 'applied_at'],
    ['heartbeat', [], 400, 'invalid-request', ''],
    ['heartbeat', { sequence: -1 }, 400, 'invalid-request', 'boot_id'],
    ['heartbeat', { padding: 'x'.repeat(300_000) }, 413, 'payload-too-large', undefined],
    ['events', [event({ message: 'x'.repeat(1_100_000) })], 413, 'payload-too-large', undefined],
    ['metrics', { points: [] }, 400, 'invalid-request', ''],
    ['boot', { stage: 'party' }, 400, 'invalid-request', 'stage'],
    ['enroll', {}, 400, 'invalid-request', 'bot_id'],
    ['enroll', { padding: 'x'.repeat(20_000) }, 413, 'payload-too-large', undefined],
    ['events', '['.repeat(100_000), 400, 'malformed-json', undefined],
    ['events', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, 200, undefined, undefined],
    ['heartbeat', `{"health":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 400, 'invalid-request', expect.stringContaining('health')],
  ])('to %s is answered with its code and place: %#', async (name, body, status, code, path) => {
    const bot = await TestBot.enrolled(world());

    const answer = await bot.call('post', name, body);

    expect(answer.status).toBe(status);
    if (code !== undefined) expect(answer.body).toMatchObject({ code, status, type: `/problems/${code}` });
    if (path !== undefined) expect(answer.body.issues[0].path).toEqual(path);
    expect(answer.text).not.toMatch(/node_modules|at \w+ \(|prisma|postgres|SELECT|INSERT/i);
    expect(await storedRows(bot)).toBe(0);
  });

  it('in another media type is 415', async () => {
    const bot = await TestBot.enrolled(world());
    const answer = await bot.call('post', 'events', undefined, { 'Content-Type': 'text/plain' }).send('[]').expect(415);
    expect(answer.body.code).toBe('unsupported-media-type');
  });

  it.each([
    ['get', '/', 404, 'not-found'],
    ['get', '/healthz', 404, 'not-found'],
    ['get', '/readyz', 404, 'not-found'],
    ['get', '/bots', 404, 'not-found'],
    ['put', '/bots/x/config', 405, 'method-not-allowed'],
    ['get', '/bots/x/enroll', 405, 'method-not-allowed'],
  ] as const)('%s %s is %i', async (method, path, status, code) => {
    const answer = await request(world().app)[method](path).expect(status);
    expect(answer.body.code).toBe(code);
  });

  it('in the query is refused with its place', async () => {
    const bot = await TestBot.enrolled(world());
    expect((await bot.call('get', 'keys?verbose=1').expect(400)).body.issues[0].path).toBe('query.verbose');
    expect((await bot.call('post', 'events?dry=1', []).expect(400)).body.code).toBe('invalid-request');
  });

  it('does not reach the body of who may not speak', async () => {
    const bot = await TestBot.enrolled(world());
    await bot.call('post', 'heartbeat', '{', { Authorization: 'Bearer nobody' }).expect(401);
  });

  it('serves a document that lists every address and nothing else', async () => {
    const { body } = await request(world().app).get('/openapi.json').expect(200);

    expect(Object.keys(body.paths).sort()).toEqual([
      '/agent/{sha256}', '/bots/{bot_id}/boot', '/bots/{bot_id}/config', '/bots/{bot_id}/config_ack', '/bots/{bot_id}/credentials/rotate', '/bots/{bot_id}/enroll',
      '/bots/{bot_id}/events', '/bots/{bot_id}/heartbeat', '/bots/{bot_id}/keys', '/bots/{bot_id}/metrics',
      '/bots/{bot_id}/secrets', '/bots/{bot_id}/stream', '/bots/{bot_id}/webhook', '/openclaw/{sha256}',
    ]);
  });

  it('leaves no credential and no body in the log', async () => {
    const bot = await TestBot.enrolled(world());
    const marker = 'a-value-nobody-should-log';

    await bot.events([event({ message: marker })]);
    await bot.metrics([metric()]);
    await bot.webhook([cronResult({ summary: marker })]);
    await bot.call('post', 'heartbeat', `{"${marker}`);

    expect(world().log.text()).not.toContain(marker);
    expect(world().log.text()).not.toContain(bot.credential);
  });
});
