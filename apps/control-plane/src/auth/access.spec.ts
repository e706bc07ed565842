import { BotList } from '@trawling/contracts';
import { revokeApiKeyRow } from '@trawling/database';
import { randomUUID } from 'node:crypto';
import { api } from '../routes.js';
import { makeBot, view } from '../testing/bots.js';
import { statusOf } from '../testing/statuses.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let alice: Api;
let botId: string;
beforeAll(async () => {
  alice = await controlPlane().as('owner', 'alice');
  botId = await makeBot(alice, { secrets: { llm_api_key: 'x' } });
});

/** Every operation on a bot, as [what, call, whether it changes something]. */
const operations = (id: () => string): [string, (api: Api) => Promise<{ status: number; body: { code?: string } }>, boolean][] => [
  ['GET', async (api) => api.get(`/bots/${id()}`), false],
  ['GET versions', async (api) => api.get(`/bots/${id()}/versions`), false],
  ['GET one version', async (api) => api.get(`/bots/${id()}/versions/1`), false],
  ['GET events', async (api) => api.get(`/bots/${id()}/events`), false],
  ['GET metrics', async (api) => api.get(`/bots/${id()}/metrics`), false],
  ['PATCH', async (api) => api.patch(`/bots/${id()}`).send({ strictness: 'high' }), true],
  ['DELETE', async (api) => api.delete(`/bots/${id()}`), true],
  ['rollback', async (api) => api.post(`/bots/${id()}/rollback`).send({ version: 1 }), true],
  ['pause', async (api) => api.post(`/bots/${id()}/pause`), true],
  ['resume', async (api) => api.post(`/bots/${id()}/resume`), true],
  ['retry', async (api) => api.post(`/bots/${id()}/retry`), true],
  ['PUT secret', async (api) => api.put(`/bots/${id()}/secrets/x`).send({ value: 'x' }), true],
  ['DELETE secret', async (api) => api.delete(`/bots/${id()}/secrets/llm_api_key`), true],
];

describe.each(operations(() => botId))('%s', (_name, call, changes) => {
  it('needs a key', async () => {
    expect(await call(controlPlane().anonymous)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });

  it('does not find another owner’s bot', async () => {
    const mallory = await controlPlane().as('owner', 'mallory');

    expect(await call(mallory)).toMatchObject({ status: 404, body: { code: 'bot-not-found' } });
    expect(await view(alice, botId)).toMatchObject({ desired_version: 1, decommission_requested_at: null });
  });

  it(changes ? 'is not for viewers' : 'is for viewers too', async () => {
    const viewer = await controlPlane().as('viewer');

    const answer = await call(viewer);

    expect(answer).toMatchObject(changes ? { status: 403, body: { code: 'forbidden' } } : { status: 200 });
  });
});

describe('a publisher’s key', () => {
  const here = '0199a000-0000-7000-8000-000000000007';
  const addresses = Object.entries(api).filter(([operation]) => operation !== 'publishStatus').map(
    ([operation, { method, path }]) =>
      [operation, method, path.replace(/:\w+/g, (name) => (/version|from|to/.test(name) ? '1' : name === ':name' ? 'x' : here))] as const,
  );

  it.each(addresses)('may not %s', async (_operation, method, path) => {
    const publisher = await controlPlane().as('publisher');

    expect((await publisher[method](path).send({})).body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('publishes, as an operator’s and an admin’s do; nobody else’s does', async () => {
    const publish = async (key: Api) => (await key.post('/openclaw/status').send(statusOf(randomUUID()))).status;

    for (const role of ['publisher', 'operator', 'admin'] as const) expect(await publish(await controlPlane().as(role))).toBe(204);
    for (const key of [alice, await controlPlane().as('viewer'), await controlPlane().as('operator', 'alice'), await controlPlane().as('viewer', 'alice')]) {
      expect(await publish(key)).toBe(403);
    }
    expect(await publish(controlPlane().anonymous)).toBe(401);
  });

  it('has no owner', async () => {
    await expect(controlPlane().makeKey('publisher', 'alice')).rejects.toMatchObject({ code: 'invalid-request' });
  });
});

describe('an unknown bot', () => {
  const nobody = '0199a000-0000-7000-8000-000000000009';
  it.each(operations(() => nobody))('is not found: %s', async (_name, call) => {
    expect(await call(await controlPlane().as('admin'))).toMatchObject({ status: 404, body: { code: 'bot-not-found' } });
  });

  it('is a bad request when its id is not one', async () => {
    expect((await alice.get('/bots/42')).body).toMatchObject({ code: 'invalid-request', issues: [{ path: 'params.bot_id' }] });
  });
});

describe('a key', () => {
  it('of an owner creates and lists that owner’s bots only', async () => {
    const mine = await alice.get('/bots');
    const theirs = await alice.get('/bots?owner_id=bob');
    const forbidden = await alice.post('/bots').send({ owner_id: 'bob', settings: { name: 'x' } });

    expect(BotList.parse(mine.body).bots.map((bot) => bot.owner_id)).toEqual(['alice']);
    expect(theirs.body).toEqual({ bots: [], next_cursor: null });
    expect(forbidden.body).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('of an admin or operator has to name the owner', async () => {
    const operator = await controlPlane().as('operator');

    expect((await operator.post('/bots').send({ settings: { name: 'x' } })).body).toMatchObject({
      code: 'invalid-request',
      issues: [{ path: 'owner_id' }],
    });
  });

  it('ends at once when it is revoked', async () => {
    const { makeKey, bearer, owner } = controlPlane();
    const { id, key } = await makeKey('admin');
    expect((await bearer(key).get('/bots')).status).toBe(200);

    await revokeApiKeyRow(owner.prisma, id, new Date());

    expect((await bearer(key).get('/bots')).status).toBe(401);
  });

  it.each<[string, (key: string, id: string) => string]>([
    ['with another secret', (_key, id) => `ttk_${id}_${'A'.repeat(43)}`],
    ['with another id', (key) => key.replace(/^ttk_.{36}/, 'ttk_0199a000-0000-7000-8000-000000000000')],
    ['of another kind', (key) => key.replace('ttk', 'ttb')],
    ['cut short', (key) => key.slice(0, -1)],
    ['that is no key', () => 'hello'],
  ])('is not accepted %s', async (_what, change) => {
    const { makeKey, bearer } = controlPlane();
    const { id, key } = await makeKey('admin');

    const answer = await bearer(change(key, id)).get('/bots');

    expect(answer.body).toMatchObject({ status: 401, code: 'unauthenticated' });
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });
});
