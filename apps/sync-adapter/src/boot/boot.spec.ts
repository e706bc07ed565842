import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

describe('POST /bots/{id}/boot', () => {
  const world = useTestWorld();
  const machine = (bot: TestBot) =>
    world().controlPlane.prisma.machine.findUniqueOrThrow({
      where: { botId_generation: { botId: bot.id, generation: bot.generation } },
      select: { bootStage: true, bootError: true, state: true },
    });

  it('shows how far an enrolled machine came', async () => {
    const bot = await TestBot.enrolled(world());

    await bot.boot({ stage: 'gateway', ok: false, error_line: 'exit code 78' }).expect(204);
    expect(await machine(bot)).toEqual({ bootStage: 'gateway', bootError: 'exit code 78', state: 'wanted' });

    await bot.boot({ stage: 'ready' }).expect(204);
    expect(await machine(bot)).toMatchObject({ bootStage: 'ready', bootError: null });
  });

  it('shows a stage reported before enrollment as unverified', async () => {
    const bot = await TestBot.waiting(world());

    await bot.bootBeforeEnrollment({ stage: 'supervisor', ok: false, error_line: 'no network' }).expect(204);

    expect(await machine(bot)).toMatchObject({ bootStage: 'supervisor (unverified)', bootError: 'no network' });
  });

  it('does not let an unverified stage replace anything of an enrolled machine', async () => {
    const bot = await TestBot.enrolled(world());

    await bot.bootBeforeEnrollment({ stage: 'supervisor' }).expect(204);

    expect(await machine(bot)).toMatchObject({ bootStage: null });
  });

  it('refuses a report of another generation than the credential’s', async () => {
    const bot = await TestBot.enrolled(world());
    const answer = await bot.boot({ generation: 2 }).expect(400);
    expect(answer.body.issues).toEqual([{ path: 'generation', message: 'is not the generation of the credential' }]);
  });

  it('refuses a report with neither credential nor token, or with the token of another bot or generation', async () => {
    const [bot, other] = [await TestBot.waiting(world()), await TestBot.waiting(world())];

    await bot.bootBeforeEnrollment({ token_id: undefined }).expect(401);
    await bot.bootBeforeEnrollment({ mac: undefined }).expect(401);
    await bot.bootBeforeEnrollment({ token_id: other.token.id }).expect(401);
    await bot.bootBeforeEnrollment({ generation: 2 }).expect(401);

    expect(await machine(bot)).toMatchObject({ bootStage: null });
  });

  it('answers 429 with Retry-After to too many', async () => {
    const bot = await TestBot.enrolled(world());

    let answer = await bot.boot();
    for (let report = 0; report < 40 && answer.status === 204; report++) answer = await bot.boot();

    expect(answer.body.code).toBe('rate-limited');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });
});
