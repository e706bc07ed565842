import { BotConfigPayload, type SigningKeySet } from '@trawling/contracts';
import { verifyConfigSignature, verifyKeySet } from '@trawling/crypto';
import { payloadHash } from '@trawling/domain';
import { uuid7 } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

describe('GET /bots/{id}/config', () => {
  const world = useTestWorld();
  const keySet = (): Promise<SigningKeySet> =>
    verifyKeySet({ jws: world().controlPlane.keySet, rootPublicJwk: world().controlPlane.rootPublicJwk, minVersion: 0 });

  it('serves the stored text byte for byte, with the hash as ETag and a signature that verifies', async () => {
    const bot = await TestBot.enrolled(world());
    const stored = await world().controlPlane.prisma.configVersion.findFirstOrThrow({ where: { botId: bot.id } });

    const answer = await bot.config().expect(200);

    expect(answer.text).toBe(stored.payload);
    expect(answer.headers['etag']).toBe(`"${stored.hash}"`);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    const payload = BotConfigPayload.parse(answer.body);
    expect(payloadHash(answer.body)).toBe(payload.hash);
    await verifyConfigSignature({ jws: answer.headers['config-signature'] ?? '', payload, keySet: await keySet() });
  });

  it('answers 304 to who has it already', async () => {
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;

    const answer = await bot.config({ known: hash }).expect(304);

    expect(answer.text).toBe('');
    expect(answer.headers['etag']).toBe(`"${hash}"`);
  });

  it('serves the latest version, never one in between', async () => {
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    await world().controlPlane.changeBot(bot.id, { settings: { strictness: 'high' } });
    await world().controlPlane.changeBot(bot.id, { settings: { strictness: 'low' } });

    const answer = await bot.config({ known: hash }).expect(200);

    expect(answer.body).toMatchObject({ version: '3', trading_params: { strictness: 'low' } });
  });

  it('serves the newest signature when a version was signed again', async () => {
    const bot = await TestBot.enrolled(world());
    await world().controlPlane.prisma.configSignature.create({ data: { botId: bot.id, version: 1, kid: 'signing-2', jws: 'newer..signature' } });

    const answer = await bot.config().expect(200);

    expect(answer.headers['config-signature']).toBe('newer..signature');
  });

  it('answers 503 and not an unsigned config', async () => {
    const bot = await TestBot.enrolled(world());
    await world().controlPlane.prisma.configSignature.deleteMany({ where: { botId: bot.id } });

    const answer = await bot.config().expect(503);

    expect(answer.body.code).toBe('unavailable');
    expect(answer.headers['retry-after']).toBeDefined();
  });

  describe('with ?wait', () => {
    it('answers at once when there is something newer', async () => {
      const bot = await TestBot.enrolled(world());
      await bot.config({ known: `sha256:${'0'.repeat(64)}`, wait: 60 }).expect(200);
    });

    it('answers as soon as a new version is there', async () => {
      const bot = await TestBot.enrolled(world());
      const { hash } = (await bot.config()).body;

      const waiting = bot.config({ known: hash, wait: 60 }).then((answer) => answer);
      const changing = world().controlPlane.changeBot(bot.id, { settings: { strictness: 'high' } });

      await changing;
      expect((await waiting).body.version).toBe('2');
    });

    it('answers 304 when the time is up', async () => {
      const bot = await TestBot.enrolled(world());
      const { hash } = (await bot.config()).body;
      await bot.config({ known: hash, wait: 1 }).expect(304);
    });

    it('ends with 410 when the machine is fenced meanwhile', async () => {
      const bot = await TestBot.enrolled(world());
      const { hash } = (await bot.config()).body;

      const waiting = bot.config({ known: hash, wait: 60 }).then((answer) => answer);
      await until(() => world().adapter.hub.size() > 0);
      await world().controlPlane.decommission(bot.id);

      expect((await waiting).body.code).toBe('bot-decommissioned');
    });

    it('stops waiting when the bot goes away', async () => {
      const bot = await TestBot.enrolled(world());
      const { hash } = (await bot.config()).body;
      const { hub } = world().adapter;

      const going = new AbortController();
      const headers = { 'Authorization': `Bearer ${bot.credential}`, 'If-None-Match': `"${hash}"` };
      const waiting = fetch(`${world().url}/bots/${bot.id}/config?wait=60`, { headers, signal: going.signal }).catch(() => 'gone');
      await until(() => hub.size() === 1);
      going.abort();

      expect(await waiting).toBe('gone');
      await until(() => hub.size() === 0);
    });

    it('lets the oldest of many waits of one bot go, with "nothing newer"', async () => {
      const bot = await TestBot.enrolled(world());
      const { hash } = (await bot.config()).body;
      const wait = () => bot.config({ known: hash, wait: 60 }).then((answer) => answer.status);

      const first = wait();
      await until(() => world().adapter.hub.size() === 1);
      const others = [wait(), wait(), wait()];

      expect(await first).toBe(304);
      await world().controlPlane.changeBot(bot.id);
      expect(await Promise.all(others)).toEqual([200, 200, 200]);
    });

    it.each(['0', '61', 'soon', '1.5', '', '0x10', '1e1', '+5', '%2B5', '05', '5%20', '5&wait=6'])('refuses wait=%s', async (wait) => {
      const bot = await TestBot.enrolled(world());
      const answer = await bot.call('get', `config?wait=${wait}`).expect(400);
      expect(answer.body.issues[0].path).toBe('query.wait');
    });
  });

  it('finds within seconds what no notification told of', async () => {
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    await bot.config({ known: hash }).expect(304);
    const { prisma } = world().controlPlane;
    const version = await prisma.configVersion.findFirstOrThrow({ where: { botId: bot.id } });

    // All that a commit leaves behind when its notification is lost: the rows.
    await prisma.$transaction([
      prisma.configVersion.create({ data: { ...version, version: 2, hash: `sha256:${'2'.repeat(64)}`, settings: {} } }),
      prisma.configSignature.create({ data: { botId: bot.id, version: 2, kid: 'signing-1', jws: 'a..b' } }),
      prisma.bot.update({ where: { id: bot.id }, data: { desiredVersion: 2 } }),
      prisma.$executeRaw`INSERT INTO change_log (topic, ids) VALUES ('config', ARRAY[${bot.id}])`,
    ]);

    await until(async () => (await bot.config({ known: hash })).headers['etag'] === `"sha256:${'2'.repeat(64)}"`);
  });

  it('gives a bot without a config no answer but 404', async () => {
    const bot = await TestBot.enrolled(world());
    await world().controlPlane.prisma.bot.update({ where: { id: bot.id }, data: { desiredVersion: 99 } });
    expect((await bot.config().expect(404)).body.code).toBe('bot-not-found');
  });
});

describe('GET /bots/{id}/keys', () => {
  const world = useTestWorld();

  it('relays the key set that the root key signed', async () => {
    const bot = await TestBot.enrolled(world());

    const answer = await bot.keySet().expect(200);

    expect(answer.body).toEqual({ key_set: world().controlPlane.keySet });
  });

  it('answers 503 while the installation is not initialised', async () => {
    const bot = await TestBot.enrolled(world());
    const { prisma } = world().controlPlane;
    const installation = await prisma.installation.findFirstOrThrow();
    await prisma.installation.deleteMany();
    await world().controlPlane.tell({ topic: 'keys', ids: null });

    const answer = await bot.keySet().expect(503);
    const { rootPublicJwk, tokenSealingJwk, ...rest } = installation;
    await prisma.installation.create({ data: { ...rest, id: uuid7(), rootPublicJwk: rootPublicJwk ?? {}, tokenSealingJwk: tokenSealingJwk ?? {} } });
    await world().controlPlane.tell({ topic: 'keys', ids: null });

    expect(answer.body.code).toBe('unavailable');
  });
});
