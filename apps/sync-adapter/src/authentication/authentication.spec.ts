import { makeToken } from '@trawling/crypto';
import { uuid7 } from '@trawling/runtime';
import { randomBytes } from 'node:crypto';
import type request from 'supertest';
import { cronResult, event, metric, TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

/** Every call under a credential, in a form that would be accepted. */
const calls: [string, (bot: TestBot) => request.Test][] = [
  ['config', (bot) => bot.config()],
  ['keys', (bot) => bot.keySet()],
  ['secrets', (bot) => bot.secrets()],
  ['config_ack', (bot) => bot.ack({ version: '1', hash: `sha256:${'0'.repeat(64)}` })],
  ['heartbeat', (bot) => bot.heartbeat()],
  ['metrics', (bot) => bot.metrics([metric()])],
  ['events', (bot) => bot.events([event()])],
  ['webhook', (bot) => bot.webhook([cronResult()])],
  ['boot', (bot) => bot.boot()],
];

const world = useTestWorld();

describe.each(calls)('the credential at %s', (_name, call) => {
  it.each([
    ['nothing', () => ''],
    ['another scheme', (bot: TestBot) => `Basic ${bot.credential}`],
    ['something that is no token', () => 'Bearer hello'],
    ['a token nobody knows', () => `Bearer ${makeToken('ttb', uuid7(), randomBytes)}`],
    ['a known id with another secret', (bot: TestBot) => `Bearer ${makeToken('ttb', bot.credentialId, randomBytes)}`],
    ['the right text under another prefix', (bot: TestBot) => `Bearer ${bot.credential.replace('ttb', 'ttk')}`],
  ])('is refused with 401 when it is %s', async (_case, header) => {
    const bot = await TestBot.enrolled(world());

    const answer = await call(bot).set('Authorization', header(bot)).expect(401);

    expect(answer.body.code).toBe('unauthenticated');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('is refused with 401 once revoked for security', async () => {
    const bot = await TestBot.enrolled(world());
    await world().controlPlane.revoke(bot.credentialId, 'security');
    expect((await call(bot).expect(401)).body.code).toBe('unauthenticated');
  });

  it('finds no other bot', async () => {
    const [bot, other] = [await TestBot.enrolled(world()), await TestBot.enrolled(world())];
    const answer = await call(bot).set('Authorization', `Bearer ${other.credential}`).expect(404);
    expect(answer.body.code).toBe('bot-not-found');
  });

  it('hears that its bot is gone, before and after it is revoked for it', async () => {
    const bot = await TestBot.enrolled(world());

    await world().controlPlane.decommission(bot.id);
    expect((await call(bot).expect(410)).body.code).toBe('bot-decommissioned');
    await world().controlPlane.revoke(bot.credentialId, 'decommissioned');
    expect((await call(bot).expect(410)).body.code).toBe('bot-decommissioned');
  });

  it('hears that a newer machine took over, before and after it is revoked for it', async () => {
    const bot = await TestBot.enrolled(world());

    await world().controlPlane.wantGeneration(bot.id, 2);
    expect((await call(bot).expect(410)).body.code).toBe('machine-superseded');
    await world().controlPlane.revoke(bot.credentialId, 'superseded');
    expect((await call(bot).expect(410)).body.code).toBe('machine-superseded');
  });
});
