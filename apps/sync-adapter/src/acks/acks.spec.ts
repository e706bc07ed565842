import { type BotConfigPayload } from '@trawling/contracts';
import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

const secondsAgo = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

describe('POST /bots/{id}/config_ack', () => {
  const world = useTestWorld();
  const acks = (bot: TestBot) => world().controlPlane.prisma.configAck.findMany({ where: { botId: bot.id }, orderBy: { version: 'asc' } });

  /** An enrolled bot and its first two versions. */
  async function botWithTwoVersions(): Promise<{ bot: TestBot; first: BotConfigPayload; second: BotConfigPayload }> {
    const bot = await TestBot.enrolled(world());
    const first: BotConfigPayload = (await bot.config()).body;
    return { bot, first, second: await world().controlPlane.changeBot(bot.id) };
  }

  it('records the verdict and what is applied now; the outcome defaults to applied', async () => {
    const { bot, second } = await botWithTwoVersions();

    const answer = await bot.ack({ version: second.version, hash: second.hash }).expect(204);

    expect(answer.text).toBe('');
    expect(await acks(bot)).toMatchObject([{ version: 2, outcome: 'applied', error: null }]);
    expect(await bot.reported()).toMatchObject({ appliedVersion: 2, appliedHash: second.hash, generation: 1 });
  });

  it('leaves the same rows when it comes again', async () => {
    const { bot, second } = await botWithTwoVersions();
    const ack = { version: second.version, hash: second.hash, applied_at: secondsAgo(5) };
    const send = () => bot.ack(ack);

    await send().expect(204);
    const before = await bot.reported();
    await send().expect(204);

    expect(await acks(bot)).toHaveLength(1);
    expect(await bot.reported()).toEqual(before);
  });

  it('records a late ack of an older version and changes nothing else', async () => {
    const { bot, first, second } = await botWithTwoVersions();
    await bot.ack({ version: second.version, hash: second.hash });

    await bot.ack({ version: first.version, hash: first.hash }).expect(204);

    expect((await acks(bot)).map((ack) => ack.version)).toEqual([1, 2]);
    expect(await bot.reported()).toMatchObject({ appliedVersion: 2, appliedHash: second.hash });
  });

  it('keeps the reason of a failure, with the issues OpenClaw gave, and what is applied as it was', async () => {
    const { bot, first, second } = await botWithTwoVersions();
    await bot.ack({ version: first.version, hash: first.hash });
    const error = { code: 'openclaw-refused', message: 'invalid config', issues: [{ path: 'agents.x', message: 'Unrecognized key' }] };

    await bot.ack({ version: second.version, hash: second.hash, outcome: 'failed', error }).expect(204);

    expect(await acks(bot)).toMatchObject([{ outcome: 'applied' }, { outcome: 'failed', error }]);
    expect(await bot.reported()).toMatchObject({ appliedVersion: 1 });
  });

  it.each([
    ['a verdict replaces `applying`, whatever the clock says', ['applying', 0], ['applied', 60], 'applied'],
    ['`applying` that overtook nothing but came late changes nothing', ['applied', 0], ['applying', 60], 'applied'],
    ['a new attempt after a failure is `applying` again', ['failed', 60], ['applying', 0], 'applying'],
    ['the later of two verdicts stays', ['failed', 60], ['applied', 0], 'applied'],
    ['the later of two verdicts stays when they arrive the other way round', ['applied', 0], ['failed', 60], 'applied'],
  ] as const)('%s', async (_case, [one, oneAge], [two, twoAge], expected) => {
    const { bot, second } = await botWithTwoVersions();
    const send = (outcome: 'applying' | 'applied' | 'failed', age: number) =>
      bot.ack({ version: second.version, hash: second.hash, outcome, applied_at: secondsAgo(age) }).expect(204);

    await send(one, oneAge);
    await send(two, twoAge);

    expect(await acks(bot)).toMatchObject([{ outcome: expected }]);
  });

  it('refuses another hash for that version and stores nothing', async () => {
    const { bot, first, second } = await botWithTwoVersions();

    const answer = await bot.ack({ version: second.version, hash: first.hash }).expect(409);

    expect(answer.body).toMatchObject({ code: 'hash-mismatch', expected_hash: second.hash });
    expect(await acks(bot)).toEqual([]);
    expect(await bot.reported()).toBeNull();
  });

  it('knows no version that was never issued', async () => {
    const { bot, second } = await botWithTwoVersions();
    const answer = await bot.ack({ version: '3', hash: second.hash }).expect(404);
    expect(answer.body.code).toBe('version-not-found');
  });

  it('lets a new machine report less than its predecessor, because it starts from nothing', async () => {
    const { bot, first, second } = await botWithTwoVersions();
    await bot.ack({ version: second.version, hash: second.hash });
    await world().controlPlane.wantGeneration(bot.id, 2);
    const next = await TestBot.machineOf(world(), bot.id, 2);
    await next.enroll();

    await next.ack({ version: first.version, hash: first.hash }).expect(204);

    expect(await bot.reported()).toMatchObject({ appliedVersion: 1, generation: 2 });
  });

  it.each([
    ['a clock that never knew the year', '1970-01-01T00:00:05.000Z'],
    ['a clock that is years ahead', '2199-01-01T00:00:00.000Z'],
  ])('takes a verdict given by %s as given now', async (_case, appliedAt) => {
    const { bot, second } = await botWithTwoVersions();

    await bot.ack({ version: second.version, hash: second.hash, applied_at: appliedAt }).expect(204);

    const [ack] = await acks(bot);
    expect(Math.abs((ack?.appliedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it('knows no year 0', async () => {
    const { bot, second } = await botWithTwoVersions();
    await bot.ack({ version: second.version, hash: second.hash, applied_at: '0000-01-01T00:00:00Z' }).expect(400);
  });

  it('accepts a late ack of a version whose snapshot is not kept any more, and changes nothing', async () => {
    const { bot, first, second } = await botWithTwoVersions();
    await bot.ack({ version: second.version, hash: second.hash });
    const before = await bot.reported();
    await world().controlPlane.prisma.configSignature.deleteMany({ where: { botId: bot.id, version: 1 } });
    await world().controlPlane.prisma.configVersion.deleteMany({ where: { botId: bot.id, version: 1 } });

    await bot.ack({ version: first.version, hash: first.hash }).expect(204);

    expect((await acks(bot)).map((ack) => ack.version)).toEqual([2]);
    expect(await bot.reported()).toEqual(before);
  });
});
