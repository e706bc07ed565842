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

  it('shows a stage reported before enrollment with the MAC of the machine’s token', async () => {
    const bot = await TestBot.waiting(world());

    await bot.bootBeforeEnrollment({ stage: 'node', ok: false, error_line: 'line 7: npm failed' }).expect(204);

    expect(await machine(bot)).toMatchObject({ bootStage: 'node', bootError: 'line 7: npm failed' });
  });

  it.each([
    ['another stage', { stage: 'ready' }],
    ['another outcome', { ok: false, error_line: 'no network' }],
    ['another time', { at: '2026-11-21T00:00:00.000Z' }],
    ['a MAC of its own', { mac: 'A'.repeat(43) }],
    ['a MAC that is none', { mac: 'unchecked' }],
  ])('refuses a report that somebody without the token gave %s', async (_what, forged) => {
    const bot = await TestBot.waiting(world());

    await bot.bootBeforeEnrollment({ stage: 'agent' }, forged).expect(401);

    expect(await machine(bot)).toMatchObject({ bootStage: null, bootError: null });
  });

  it('shows a stage under a token from before there were keys as unverified, and lets it replace nothing that was checked', async () => {
    const bot = await TestBot.waiting(world());
    const old = bot.withToken(await world().controlPlane.issueToken(bot.id, 1, { withBootKey: false }));

    await old.bootBeforeEnrollment({ stage: 'supervisor' }).expect(204);
    expect(await machine(bot)).toMatchObject({ bootStage: 'supervisor (unverified)' });
    await bot.bootBeforeEnrollment({ stage: 'agent' }).expect(204);
    await old.bootBeforeEnrollment({ stage: 'supervisor' }).expect(204);

    expect(await machine(bot)).toMatchObject({ bootStage: 'agent' });
  });

  it('does not let a token replace anything of an enrolled machine', async () => {
    const bot = await TestBot.enrolled(world());

    await bot.bootBeforeEnrollment({ stage: 'supervisor' }).expect(204);

    expect(await machine(bot)).toMatchObject({ bootStage: null });
  });

  it('tells the owner where a machine failed, once for each failure', async () => {
    const bot = await TestBot.waiting(world());
    const failure = { stage: 'openclaw_install', ok: false, error_line: 'line 31: npm ci failed' } as const;

    await bot.bootBeforeEnrollment(failure).expect(204);
    await bot.bootBeforeEnrollment(failure).expect(204);
    await bot.bootBeforeEnrollment({ stage: 'openclaw_install' }).expect(204);

    const events = await world().controlPlane.prisma.botEvent.findMany({ where: { botId: bot.id, type: 'machine.boot_failed' } });
    expect(events).toMatchObject([{ severity: 'error', source: 'server', data: { generation: 1, stage: 'openclaw_install' } }]);
    expect(events[0]?.message).toContain('line 31: npm ci failed');
  });

  it('refuses a report of another generation than the credential’s', async () => {
    const bot = await TestBot.enrolled(world());
    const answer = await bot.boot({ generation: 2 }).expect(400);
    expect(answer.body.issues).toEqual([{ path: 'generation', message: 'is not the generation of the credential' }]);
  });

  it('refuses a report with neither credential nor token, or with the token of another bot or generation', async () => {
    const [bot, other] = [await TestBot.waiting(world()), await TestBot.waiting(world())];

    await bot.bootBeforeEnrollment({}, { token_id: undefined }).expect(401);
    await bot.bootBeforeEnrollment({}, { mac: undefined }).expect(401);
    await bot.bootBeforeEnrollment({}, { token_id: other.token.id }).expect(401);
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
