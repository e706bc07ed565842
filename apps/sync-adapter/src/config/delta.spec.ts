import { BotConfigPayload, DELTA_MIN_BYTES, JsonPatch } from '@trawling/contracts';
import { verifyConfigSignature, verifyKeySet } from '@trawling/crypto';
import { canonicalJson, payloadHash } from '@trawling/domain';
import { applyPatch, type Operation } from 'fast-json-patch';
import { largeSettings } from '../testing/large-settings.js';
import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';
import { createDeltas, deltaBetween } from './delta.js';
import { takesPatch } from './config-headers.js';

const PATCH = 'application/json-patch+json';

describe('GET /bots/{id}/config with a patch accepted', () => {
  const world = useTestWorld();
  const takingPatch = (bot: TestBot, input: { known?: string; wait?: number }) => bot.config(input).set('Accept', `${PATCH}, application/json;q=0.5`);

  async function largeBot() {
    const bot = await TestBot.enrolled(world(), { settings: largeSettings('first') });
    const whole = await bot.config().expect(200);
    expect(whole.text.length).toBeGreaterThan(DELTA_MIN_BYTES);
    return { bot, whole };
  }

  it('gives the difference of a large config, from which the very same text follows', async () => {
    const { bot, whole } = await largeBot();
    const next = await world().controlPlane.changeBot(bot.id, { settings: largeSettings('second') });

    const answer = await takingPatch(bot, { known: whole.body.hash }).expect(200);

    expect(answer.headers).toMatchObject({ 'content-type': PATCH, 'etag': `"${next.hash}"`, 'delta-base': whole.headers['etag'], 'vary': 'Accept, Authorization' });
    const operations = JsonPatch.parse(JSON.parse(answer.text));
    const made: unknown = applyPatch(JSON.parse(whole.text), operations as Operation[]).newDocument;
    const payload = BotConfigPayload.parse(made);
    expect(payloadHash(payload)).toBe(next.hash);
    expect(canonicalJson(payload)).toBe((await bot.config()).text);
    const keySet = await verifyKeySet({ jws: world().controlPlane.keySet, rootPublicJwk: world().controlPlane.rootPublicJwk, minVersion: 0 });
    await verifyConfigSignature({ jws: answer.headers['config-signature'] ?? '', payload, keySet });
  });

  it('costs at most two percent of the bytes when one field changed', async () => {
    const { bot, whole } = await largeBot();
    await world().controlPlane.changeBot(bot.id, { settings: largeSettings('second') });

    const answer = await takingPatch(bot, { known: whole.body.hash }).expect(200);

    expect(answer.text.length / whole.text.length).toBeLessThan(0.02);
  });

  it('gives the difference to a bot that waits for it', async () => {
    const { bot, whole } = await largeBot();

    const waiting = takingPatch(bot, { known: whole.body.hash, wait: 60 }).then((answer) => answer);
    await world().controlPlane.changeBot(bot.id, { settings: largeSettings('second') });

    expect((await waiting).headers['content-type']).toBe(PATCH);
  });

  it('gives the whole config when the snapshot that the bot has is gone', async () => {
    const { bot, whole } = await largeBot();
    await world().controlPlane.changeBot(bot.id, { settings: largeSettings('second') });
    await world().controlPlane.prisma.configSignature.deleteMany({ where: { botId: bot.id, version: 1 } });
    await world().controlPlane.prisma.configVersion.deleteMany({ where: { botId: bot.id, version: 1 } });

    const answer = await takingPatch(bot, { known: whole.body.hash }).expect(200);

    expect(answer.headers['content-type']).toMatch('application/json;');
    expect(answer.headers['delta-base']).toBeUndefined();
    expect(payloadHash(answer.body)).toBe(answer.body.hash);
  });

  it.each([
    ['to who does not ask for a patch', (bot: TestBot, hash: string) => bot.config({ known: hash })],
    ['to who has something nobody knows', (bot: TestBot) => takingPatch(bot, { known: `sha256:${'0'.repeat(64)}` })],
    ['to who has nothing', (bot: TestBot) => takingPatch(bot, {})],
  ])('gives the whole config %s', async (_case, ask) => {
    const { bot, whole } = await largeBot();
    const next = await world().controlPlane.changeBot(bot.id, { settings: largeSettings('second') });

    const answer = await ask(bot, whole.body.hash).expect(200);

    expect(answer.body.hash).toBe(next.hash);
    expect(answer.headers['content-type']).toMatch('application/json;');
  });

  it('gives small configs whole', async () => {
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    await world().controlPlane.changeBot(bot.id, { settings: { strictness: 'high' } });

    const answer = await takingPatch(bot, { known: hash }).expect(200);

    expect(answer.headers['content-type']).toMatch('application/json;');
  });

  it('knows no snapshot of another bot', async () => {
    const [one, other] = [await largeBot(), await largeBot()];
    await world().controlPlane.changeBot(one.bot.id, { settings: largeSettings('second') });

    const answer = await takingPatch(one.bot, { known: other.whole.body.hash }).expect(200);

    expect(answer.headers['content-type']).toMatch('application/json;');
  });
});

describe('making patches', () => {
  const payload = (change: object): string => JSON.stringify({ fill: 'x'.repeat(DELTA_MIN_BYTES), ...change });
  const [base, target] = [{ hash: 'a', payload: payload({ n: 1 }) }, { hash: 'b', payload: payload({ n: 2 }) }];

  it('is done once for who asks again, and for who asks meanwhile', async () => {
    let reads = 0;
    const find = createDeltas({ maxBytes: 100_000, findSnapshot: async () => ((reads += 1), base) });
    const input = { botId: 'bot-1', known: ['a'], target };

    const [one, two] = await Promise.all([find(input), find(input)]);

    expect(one?.patch).toBe('[{"op":"replace","path":"/n","value":2}]');
    expect(two).toBe(one);
    expect(await find(input)).toBe(one);
    expect(reads).toBe(1);
  });

  it('is kept under the snapshot it starts from, whatever else was named', async () => {
    let reads = 0;
    const find = createDeltas({ maxBytes: 2_000, findSnapshot: async () => ((reads += 1), base) });
    const one = await find({ botId: 'bot-1', known: ['a'], target });

    for (let n = 0; n < 100; n++) expect(await find({ botId: 'bot-1', known: [`nobody's ${n}`, 'a'], target })).toBe(one);

    expect(reads).toBe(1);
  });

  it('counts the names of what is kept as well as the patches', async () => {
    let reads = 0;
    const find = createDeltas({ maxBytes: 2_000, findSnapshot: async () => ((reads += 1), base) });
    const input = { botId: 'b'.repeat(300), known: ['a'], target };

    await find(input);
    await find(input);

    expect(reads).toBe(2);
  });

  it('is left when too many are being made: the whole config is there', async () => {
    const find = createDeltas({ maxBytes: 100_000, findSnapshot: async () => base });

    const deltas = await Promise.all(Array.from({ length: 40 }, (_, n) => find({ botId: `bot-${n}`, known: ['a'], target })));

    expect(deltas.filter((delta) => delta === null)).toHaveLength(8);
  });

  it('is of no use when the patch is no smaller', () => {
    const other = { hash: 'c', payload: JSON.stringify({ fill: 'y'.repeat(DELTA_MIN_BYTES) }) };
    expect(deltaBetween(base, other)).toBeNull();
    expect(deltaBetween({ hash: 'd', payload: '[]' }, target)).toBeNull();
  });

  it('does not stop after one that failed', async () => {
    let fails = true;
    const find = createDeltas({ maxBytes: 100_000, findSnapshot: () => (fails ? Promise.reject(new Error('away')) : Promise.resolve(base)) });
    await expect(find({ botId: 'bot-1', known: ['a'], target })).rejects.toThrow('away');
    fails = false;
    expect(await find({ botId: 'bot-1', known: ['a'], target })).not.toBeNull();
  });

  it.each([
    [undefined, false],
    ['*/*', false],
    ['application/json', false],
    [PATCH, true],
    [`application/json;q=0.1, ${PATCH}; q=0.9`, true],
    [`${PATCH};q=0`, false],
    ['Application/JSON-Patch+JSON', true],
  ])('is asked for by Accept: %s → %s', (accept, expected) => {
    expect(takesPatch(accept)).toBe(expected);
  });
});
