import { verifyKeySet } from '@trawling/crypto';
import request from 'supertest';
import { TestBot } from '../testing/test-bot.js';
import { useTestWorld } from '../testing/test-world.js';

describe('POST /bots/{id}/enroll', () => {
  const world = useTestWorld();

  it('answers 201 with the key set once the control plane has accepted the machine', async () => {
    const bot = await TestBot.waiting(world());

    const answer = await bot.enroll();

    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ bot_id: bot.id, generation: 1, credential_id: bot.credentialId });
    const keySet = await verifyKeySet({ jws: answer.body.key_set, rootPublicJwk: world().controlPlane.rootPublicJwk, minVersion: 0 });
    expect(keySet.version).toBe(1);
  });

  it('never puts a credential into an answer or the log', async () => {
    const bot = await TestBot.waiting(world());

    const answer = await bot.enroll();

    expect(answer.text).not.toContain(bot.credential);
    expect(world().log.text()).not.toContain(bot.credential);
  });

  it('gives the same request the same answer again, so that a lost one loses nothing', async () => {
    const bot = await TestBot.waiting(world());
    const body = await bot.enrollRequest();

    const first = await bot.enroll(body);
    const second = await bot.enroll(body);

    expect([first.status, second.status]).toEqual([201, 201]);
    expect({ ...second.body, server_time: '' }).toEqual({ ...first.body, server_time: '' });
    expect(await world().controlPlane.prisma.botCredential.count({ where: { botId: bot.id } })).toBe(1);
  });

  it('refuses other keys on a used token', async () => {
    const bot = await TestBot.enrolled(world());

    const answer = await bot.thief().enroll();

    expect(answer.status).toBe(409);
    expect(answer.body.code).toBe('enrollment-token-used');
  });

  it('refuses a machine that does not know the secret of its token', async () => {
    const bot = await TestBot.waiting(world());

    const answer = await bot.enroll(await bot.enrollRequest({}, 'A'.repeat(43)));

    expect(answer.status).toBe(403);
    expect(answer.body.code).toBe('enrollment-refused');
  });

  it('keeps nothing of a request whose token is not of this bot and machine', async () => {
    const bot = await TestBot.waiting(world());
    const other = await TestBot.waiting(world());

    const foreign = await bot.enroll(await bot.enrollRequest({ token_id: other.token.id }));
    const older = await bot.enroll(await bot.enrollRequest({ generation: 7 }));

    expect([foreign.body.code, older.body.code]).toEqual(['enrollment-refused', 'enrollment-refused']);
    expect(await world().controlPlane.prisma.enrollmentRequest.count({ where: { botId: bot.id } })).toBe(0);
  });

  it('refuses a request whose bot is not the one of the address', async () => {
    const [bot, other] = [await TestBot.waiting(world()), await TestBot.waiting(world())];

    const answer = await bot.enroll(await other.enrollRequest());

    expect(answer.status).toBe(400);
    expect(answer.body.issues).toEqual([{ path: 'bot_id', message: 'is not the bot of this address' }]);
  });

  it('tells a machine of a decommissioned bot to stop, whether it enrolled before or not', async () => {
    const [late, enrolled] = [await TestBot.waiting(world()), await TestBot.enrolled(world())];
    await world().controlPlane.decommission(late.id);
    await world().controlPlane.decommission(enrolled.id);

    for (const bot of [late, enrolled]) {
      const answer = await bot.enroll();
      expect(answer.status).toBe(410);
      expect(answer.body.code).toBe('bot-decommissioned');
    }
  });

  it('tells a machine whose successor is wanted already to stop', async () => {
    const bot = await TestBot.waiting(world());
    await world().controlPlane.wantGeneration(bot.id, 2);

    const answer = await bot.enroll();

    expect(answer.status).toBe(410);
    expect(answer.body.code).toBe('machine-superseded');
  });

  it('slows down whoever tries many requests with one token', async () => {
    const bot = await TestBot.enrolled(world());

    let answer = await bot.thief().enroll();
    for (let attempt = 0; attempt < 40 && answer.status !== 429; attempt++) answer = await bot.thief().enroll();

    expect(answer.body.code).toBe('rate-limited');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('needs no credential and ignores none', async () => {
    const bot = await TestBot.waiting(world());
    const answer = await request(world().app).post(`/bots/${bot.id}/enroll`).set('Authorization', 'Bearer nonsense').send(await bot.enrollRequest());
    expect(answer.status).toBe(201);
  });
});

describe('POST /bots/{id}/enroll while the control plane is away', () => {
  const world = useTestWorld({ enrollWaitMs: 50, decides: false });

  it('answers 202 with Retry-After and 201 when asked again after the decision', async () => {
    const bot = await TestBot.waiting(world());
    const body = await bot.enrollRequest();

    const early = await bot.enroll(body);
    await world().controlPlane.decideEnrollments();
    const late = await bot.enroll(body);

    expect(early.status).toBe(202);
    expect(early.headers['retry-after']).toBe('1');
    expect(early.body).toEqual({ status: 'pending' });
    expect(late.status).toBe(201);
  });

  it('records one request however often it is sent', async () => {
    const bot = await TestBot.waiting(world());
    const body = await bot.enrollRequest();

    const answers = await Promise.all([bot.enroll(body), bot.enroll(body), bot.enroll(body)]);

    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202]);
    expect(await world().controlPlane.prisma.enrollmentRequest.count({ where: { botId: bot.id } })).toBe(1);
  });

  it('leaves a machine that was not accepted without any right', async () => {
    const bot = await TestBot.waiting(world());
    await bot.enroll();

    await bot.config().expect(401);
  });
});
