import { ChangeAccepted } from '@trawling/contracts';
import { createFingerprint } from '@trawling/crypto';
import { canonicalJson, sha256Of } from '@trawling/domain';
import { makeBot, view } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
beforeEach(async () => {
  api = await controlPlane().as('operator');
});

let owners = 0;
const newOwner = (): string => `owner-${(owners += 1)}`;
const create = (key: string, body: object, as: Api = api) => as.post('/bots').set('Idempotency-Key', key).send(body);
const botsOf = (ownerId: string) => controlPlane().owner.prisma.bot.count({ where: { ownerId } });

describe('the same Idempotency-Key', () => {
  it('has one effect and one answer', async () => {
    const body = { owner_id: newOwner(), settings: { name: 'Once' } };
    const first = await create('key-1', body);

    const second = await create('key-1', body);

    expect([second.status, second.body]).toEqual([201, first.body]);
    expect(second.headers).toMatchObject({ 'idempotency-replayed': 'true', location: first.headers['location'], etag: '"v1"' });
    expect(await botsOf(body.owner_id)).toBe(1);
  });

  it('has one effect when both come at once', async () => {
    const body = { owner_id: newOwner(), settings: { name: 'Once' } };

    const answers = await Promise.all([1, 2, 3, 4].map(() => create('key-2', body)));

    expect(new Set(answers.map((answer) => ChangeAccepted.parse(answer.body).bot_id)).size).toBe(1);
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201, 201]);
    expect(await botsOf(body.owner_id)).toBe(1);
  });

  it('is refused with another body, another address or another method', async () => {
    const botId = await makeBot(api, { owner_id: newOwner() });
    const body = { owner_id: newOwner(), settings: { name: 'Once' } };
    await create('key-3', body);

    const answers = [
      await create('key-3', { ...body, labels: { a: 'b' } }),
      await api.post(`/bots/${botId}/pause`).set('Idempotency-Key', 'key-3').send(body),
      await api.patch(`/bots/${botId}`).set('Idempotency-Key', 'key-3').send({ strictness: 'high' }),
    ];

    expect(answers.map((answer) => answer.body.code)).toEqual(['idempotency-key-reused', 'invalid-request', 'idempotency-key-reused']);
    expect(await view(api, botId)).toMatchObject({ desired_version: 1, trading: 'active' });
  });

  it('keeps nothing of the request that a secret in it could be guessed by', async () => {
    const botId = await makeBot(api, { owner_id: newOwner() });
    const put = (value: string) => api.put(`/bots/${botId}/secrets/pin`).set('Idempotency-Key', 'key-pin').send({ value });
    await put('1234');

    const row = await controlPlane().owner.prisma.idempotencyKey.findFirstOrThrow({ where: { key: 'key-pin' } });
    const guess = canonicalJson(['PUT', `/bots/${botId}/secrets/pin`, null, { value: '1234' }]);
    expect(createFingerprint(controlPlane().masterKeys).matches(row.requestHash, guess)).toBe(true);
    expect(createFingerprint(`test:${Buffer.alloc(32).toString('base64')}`).matches(row.requestHash, guess)).toBe(false);
    expect(row.requestHash).not.toContain(sha256Of(guess).slice('sha256:'.length));
    expect((await put('1234')).headers['idempotency-replayed']).toBe('true');
    expect((await put('1235')).body.code).toBe('idempotency-key-reused');
  });

  it('belongs to one API key', async () => {
    const other = await controlPlane().as('operator');
    const body = { owner_id: newOwner(), settings: { name: 'Twice' } };

    await create('key-4', body);
    await create('key-4', body, other);

    expect(await botsOf(body.owner_id)).toBe(2);
  });

  it('is free again after a refusal: nothing of it was kept', async () => {
    const body = { owner_id: newOwner(), settings: { name: 'Live', trading_mode: 'live' } };
    const refused = await create('key-5', body);

    const accepted = await create('key-5', { ...body, confirm_live: true });

    expect([refused.status, accepted.status]).toEqual([422, 201]);
  });

  it('is free again after 24 hours', async () => {
    const body = { owner_id: newOwner(), settings: { name: 'Daily' } };
    await create('key-6', body);
    await controlPlane().owner.pool.query("UPDATE idempotency_key SET created_at = now() - interval '24 hours 1 second' WHERE key = 'key-6'");

    await create('key-6', body);

    expect(await botsOf(body.owner_id)).toBe(2);
  });

  it('makes one version of a change that is sent twice', async () => {
    const botId = await makeBot(api, { owner_id: newOwner() });
    const pause = () => api.post(`/bots/${botId}/pause`).set('Idempotency-Key', 'key-7');

    const [one, two] = await Promise.all([pause(), pause()]);

    expect(one?.body).toEqual(two?.body);
    expect(one?.body).toMatchObject({ desired_version: 2, changed: true });
  });

  it('must be printable and not too long', async () => {
    expect((await create('a b', { settings: { name: 'x' } })).body).toMatchObject({ code: 'invalid-request', issues: [{ path: 'headers.idempotency-key' }] });
    expect((await create('a'.repeat(201), { settings: { name: 'x' } })).body).toMatchObject({ code: 'invalid-request' });
  });
});
