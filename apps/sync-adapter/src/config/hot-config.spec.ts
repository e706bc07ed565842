import { createHttpApp } from '@trawling/http';
import request from 'supertest';
import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';
import { hotConfigRoute } from './hot-config.js';

describe('a warm poll', () => {
  const world = useTestWorld();

  /** How often something took a connection to the database while `act` ran. */
  async function queriesOf(act: () => Promise<unknown>): Promise<number> {
    let count = 0;
    const { pool } = world().adapter.db;
    const onAcquire = (): void => void (count += 1);
    pool.on('acquire', onAcquire);
    await act();
    pool.off('acquire', onAcquire);
    return count;
  }

  /** A bot whose credential and desired config are in memory. */
  async function warmBot(): Promise<{ bot: TestBot; hash: string }> {
    const bot = await TestBot.enrolled(world());
    return { bot, hash: (await bot.config().expect(200)).body.hash };
  }

  it('that finds nothing new makes no query at all', async () => {
    const { bot, hash } = await warmBot();

    const queries = await queriesOf(async () => {
      for (let n = 0; n < 20; n++) await bot.config({ known: hash }).expect(304);
    });

    expect(queries).toBe(0);
    // The counter counts: this one must ask.
    expect(await queriesOf(() => bot.config().expect(200))).toBeGreaterThan(0);
  });

  it('is answered as Express would answer it', async () => {
    const { bot, hash } = await warmBot();
    const comparable = (headers: Record<string, string>) => ({ ...headers, 'date': '', 'x-request-id': '' });

    const hot = await bot.config({ known: hash }).set('X-Request-Id', 'r-1').expect(304);
    const cold = await bot.config().set('If-None-Match', `W/"${hash}"`).expect(304);

    expect(hot.headers['x-request-id']).toBe('r-1');
    expect(cold.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(comparable(hot.headers)).toEqual(comparable(cold.headers));
    expect(hot.headers).toMatchObject({ 'etag': `"${hash}"`, 'vary': 'Accept, Authorization', 'cache-control': 'private, no-store' });
  });

  it('needs the whole credential, of this bot', async () => {
    const { bot, hash } = await warmBot();
    const other = await warmBot();
    const poll = (authorization: string) => bot.config({ known: hash }).set('Authorization', authorization);

    await poll(`Bearer ${bot.credential.slice(0, -1)}`).expect(401);
    await poll(`Bearer ${bot.credential.slice(0, -43)}${other.bot.credential.slice(-43)}`).expect(401);
    await poll(`Bearer ${other.bot.credential}`).expect(404);
  });

  it.each([
    ['revoked for security', 401, (bot: TestBot) => world().controlPlane.revoke(bot.credentialId, 'security')],
    ['decommissioned', 410, (bot: TestBot) => world().controlPlane.decommission(bot.id)],
    ['superseded', 410, (bot: TestBot) => world().controlPlane.wantGeneration(bot.id, 2)],
  ])('hears that its machine was %s', async (_case, status, fence) => {
    const { bot, hash } = await warmBot();
    await bot.config({ known: hash }).expect(304);

    await fence(bot);

    await bot.config({ known: hash }).expect(status);
  });

  it('finds what is newer', async () => {
    const { bot, hash } = await warmBot();
    await bot.config({ known: hash }).expect(304);

    const next = await world().controlPlane.changeBot(bot.id, { settings: { strictness: 'high' } });

    expect((await bot.config({ known: hash }).expect(200)).body.version).toBe(next.version);
    await bot.config({ known: next.hash }).expect(304);
  });

  it('gets the newest signature when a config was signed again', async () => {
    const { bot } = await warmBot();
    await world().controlPlane.prisma.configSignature.create({ data: { botId: bot.id, version: 1, kid: 'signing-2', jws: 'newer..signature' } });
    await world().controlPlane.tell({ topic: 'keys', ids: null });

    expect((await bot.config().expect(200)).headers['config-signature']).toBe('newer..signature');
  });

  it('is counted by the same rate limit as every poll', async () => {
    const { bot, hash } = await warmBot();
    const { memory } = world().adapter;
    const counted: string[] = [];
    const route = hotConfigRoute({ ...memory, rateLimit: (key) => (counted.push(key) > 1 ? 7 : 0) });
    const app = createHttpApp({ name: 'test', logger: world().log.logger, hotRoutes: [route], routes: () => undefined });
    const poll = (known: string) =>
      request(app).get(`/bots/${bot.id}/config`).set({ 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${known}"` });

    await poll(hash).expect(304);
    const refused = await poll(hash).expect(429);
    // Express counts what it answers.
    await poll('something else').expect(404);

    expect(refused.headers['retry-after']).toBe('7');
    expect(counted).toEqual([bot.id, bot.id]);
  });
});
