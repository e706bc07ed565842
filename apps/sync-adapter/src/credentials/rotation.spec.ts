import { until } from '@trawling/runtime/testing';
import { TestBot } from '../testing/test-bot.js';
import { TestStream } from '../testing/test-stream.js';
import { useTestWorld } from '../testing/test-world.js';

describe('POST /bots/{id}/credentials/rotate', () => {
  const world = useTestWorld();

  it('answers 201 once the control plane has accepted the candidate, and the old credential stays good', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();

    const answer = await bot.rotate(candidate);

    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ credential_id: candidate.credentialId });
    await bot.config().expect(200);
  });

  it('makes the candidate the credential with its first use: from then on the old one is worth nothing', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();
    await bot.rotate(candidate);

    await candidate.config().expect(200);

    await until(async () => (await bot.config()).status === 401);
    await candidate.keySet().expect(200);
  });

  it('takes the candidate into use with a call that is answered from memory, too', async () => {
    const bot = await TestBot.enrolled(world());
    const { hash } = (await bot.config()).body;
    const candidate = bot.candidate();
    await bot.rotate(candidate);

    await candidate.config({ known: hash }).expect(304);

    await until(async () => (await bot.config({ known: hash })).status === 401);
    await candidate.config({ known: hash }).expect(304);
  });

  it('takes the candidate into use once, however many first calls come at the same time', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();
    await bot.rotate(candidate);

    const answers = await Promise.all(Array.from({ length: 8 }, () => candidate.config()));

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 200));
  });

  it('closes the stream under the old credential with 4401 when the new one is used', async () => {
    const bot = await TestBot.enrolled(world());
    const stream = await TestStream.of(bot);
    const candidate = bot.candidate();
    await bot.rotate(candidate);
    expect(stream.closed).toBeUndefined();

    await candidate.config().expect(200);

    expect((await stream.untilClosed()).code).toBe(4401);
  });

  it('opens a stream as the first use of a candidate', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();
    await bot.rotate(candidate);

    const stream = await TestStream.of(candidate);

    await until(async () => (await bot.config()).status === 401);
    await stream.leave();
  });

  it('gives the same request the same answer again, under the old credential and under the new one', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();
    const body = await bot.rotateRequest(candidate);

    const answers = [await bot.rotate(candidate, body), await bot.rotate(candidate, body), await candidate.rotate(candidate, body)];

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201]);
    expect(await world().controlPlane.prisma.credentialRequest.count({ where: { botId: bot.id } })).toBe(1);
  });

  it('refuses a proof by another key, and the candidate is nobody', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();

    const answer = await bot.rotate(candidate, await bot.rotateRequest(candidate, {}, bot.thief()));

    expect(answer.status).toBe(403);
    expect(answer.body.code).toBe('rotation-refused');
    await candidate.config().expect(401);
    await bot.config().expect(200);
  });

  it.each([
    ['another bot', { bot_id: '0190aaaa-0000-7000-8000-000000000001' }, 'bot_id'],
    ['another generation', { generation: 2 }, 'generation'],
  ])('keeps nothing of a request for %s', async (_case, change, path) => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();

    const answer = await bot.rotate(candidate, await bot.rotateRequest(candidate, change));

    expect(answer.status).toBe(400);
    expect(answer.body.issues).toMatchObject([{ path }]);
    expect(await world().controlPlane.prisma.credentialRequest.count({ where: { botId: bot.id } })).toBe(0);
  });

  it('fences a candidate like any credential', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();
    await bot.rotate(candidate);
    await world().controlPlane.decommission(bot.id);

    await until(async () => (await candidate.config()).status === 410);
    const row = await world().controlPlane.prisma.botCredential.findUniqueOrThrow({ where: { id: candidate.credentialId } });
    expect(row.firstUsedAt).toBeNull();
  });

  it('never puts a credential into an answer or the log', async () => {
    const bot = await TestBot.enrolled(world());
    const candidate = bot.candidate();

    const answer = await bot.rotate(candidate);
    await candidate.config().expect(200);

    expect(answer.text).not.toContain(candidate.credential);
    for (const { credential } of [bot, candidate]) expect(world().log.text()).not.toContain(credential);
  });
});

describe('POST /bots/{id}/credentials/rotate while the control plane is away', () => {
  const world = useTestWorld({ enrollWaitMs: 50, decides: false });

  it('answers 202 with Retry-After and 201 when asked again after the decision', async () => {
    const bot = await TestBot.waiting(world());
    const enrollment = await bot.enrollRequest();
    await bot.enroll(enrollment);
    await world().controlPlane.decideAll();
    const candidate = bot.candidate();
    const body = await bot.rotateRequest(candidate);

    const early = await bot.rotate(candidate, body);
    await candidate.config().expect(401);
    await world().controlPlane.decideAll();
    const late = await bot.rotate(candidate, body);

    expect(early.status).toBe(202);
    expect(early.headers['retry-after']).toBe('1');
    expect(early.body).toEqual({ status: 'pending' });
    expect(late.status).toBe(201);
    await candidate.config().expect(200);
  });
});
