import type { RequestKind } from '@trawling/digitalocean';
import { anOrder, clientForSpec } from '@trawling/digitalocean/testing';
import { createFakeClock, type FakeClock, until } from '@trawling/runtime/testing';
import { type FakeDigitalOcean, type FakeOptions, type Fate, type RequestFault, startFakeDigitalOcean } from './index.js';

let fake: FakeDigitalOcean;
let clock: FakeClock;

const start = async (options: FakeOptions = {}): Promise<ReturnType<typeof clientForSpec>> => {
  clock = createFakeClock();
  fake = await startFakeDigitalOcean({ clock, ...options });
  return clientForSpec({ baseUrl: fake.url });
};
afterEach(() => fake.stop());

describe('a create at the fake', () => {
  it.each<[RequestFault, number, string]>([
    ['drop_before', 0, 'unknown'],
    ['drop_after', 1, 'unknown'],
    ['error_before', 0, 'unknown'],
    ['error_after', 1, 'unknown'],
    ['html_before', 0, 'unknown'],
    ['html_after', 1, 'unknown'],
    ['unreadable', 1, 'unknown'],
    ['rate_limited', 0, 'rejected'],
    ['rate_limited_bare', 0, 'rejected'],
    ['try_again', 0, 'rejected'],
  ])('that meets %s leaves %d droplets behind, and the client calls it %s', async (fault, droplets, outcome) => {
    const client = await start();
    fake.next('create', fault);

    expect(await client.createDroplet(anOrder)).toMatchObject({ outcome });
    expect(fake.droplets()).toHaveLength(droplets);
  });

  it.each<[RequestFault, number]>([['stall', 1], ['late_effect', 0]])('that meets %s has left %d droplets when the client gives up', async (fault, droplets) => {
    await start();
    const client = clientForSpec({ baseUrl: fake.url, requestTimeoutMs: 50 });
    fake.next('create', fault);

    expect(await client.createDroplet(anOrder)).toMatchObject({ outcome: 'unknown' });
    await until(() => fake.requests()[0]?.fault === fault);
    expect(fake.droplets()).toHaveLength(droplets);
    await clock.advance(2_000);
    expect(fake.droplets()).toHaveLength(1);
  });

  it.each<[Fate, object]>([
    ['tag_late', { listed: 0, got: true, then: { listed: 1, got: true } }],
    ['hidden', { listed: 0, got: false, then: { listed: 1, got: true } }],
    ['vanishes', { listed: 0, got: false, then: { listed: 0, got: false } }],
    ['errored', { listed: 1, got: true, then: { listed: 0, got: false } }],
    ['stuck', { listed: 1, got: true, then: { listed: 1, got: true } }],
  ])('whose droplet is %s shows it so, at first and later', async (fate, expected) => {
    const client = await start();
    fake.nextFate(fate);
    const created = await client.createDroplet(anOrder);
    const id = created.outcome === 'accepted' ? created.droplet.id : 0;
    const look = async () => ({ listed: (await client.listDroplets({ tag: 'bot:0198c0de' })).length, got: (await client.getDroplet(id)) !== null });

    const first = await look();
    await clock.advance(2_000);

    expect({ ...first, then: await look() }).toEqual(expected);
  });

  it('ends as an errored action when it could not be placed', async () => {
    const client = await start();
    fake.nextFate('errored');

    const created = await client.createDroplet(anOrder);
    const action = created.outcome === 'accepted' ? (created.actionId ?? 0) : 0;

    expect(await client.getAction(action)).toMatchObject({ status: 'in-progress', type: 'create' });
    await clock.advance(500);
    expect(await client.getAction(action)).toMatchObject({ status: 'errored' });
  });

  it('with user data that is not ASCII is accepted and vanishes, as it was seen to', async () => {
    await start();
    const headers = { authorization: 'Bearer any', 'content-type': 'application/json' };

    const answer = await fetch(`${fake.url}/v2/droplets`, { method: 'POST', headers, body: JSON.stringify({ ...anOrder, user_data: '🐼' }) });

    expect([answer.status, fake.droplets(), fake.history().length]).toEqual([202, [], 1]);
  });

  it.each([
    ['image', { image: 'debian-99-x64' }],
    ['image of another region', { image: 201_500_777, region: 'nyc3' }],
    ['image that is not ready', { image: 201_500_778 }],
    ['size', { size: 's-64vcpu' }],
    ['region', { region: 'mars1' }],
    ['key', { ssh_keys: [1] }],
    ['VPC', { vpc_uuid: '00000000-0000-4000-8000-000000000000' }],
  ])('is refused for an unknown %s', async (_what, order) => {
    const client = await start();

    expect(await client.createDroplet({ ...anOrder, ...order })).toMatchObject({ outcome: 'rejected', status: 422, retryable: true });
  });

  it('is refused above the droplet limit', async () => {
    const client = await start({ dropletLimit: 1 });
    await client.createDroplet(anOrder);

    expect(await client.createDroplet(anOrder)).toMatchObject({ outcome: 'rejected', message: expect.stringContaining('droplet limit') });
  });
});

describe('the fake', () => {
  const count = async (requests: number): Promise<number> => {
    let served = 0;
    for (let index = 0; index < requests; index += 1) {
      const answer = await fetch(`${fake.url}/v2/regions`, { headers: { authorization: 'Bearer any' } });
      await answer.arrayBuffer();
      served += Number(answer.status === 200);
    }
    return served;
  };

  it('serves 250 requests in any minute, and says when to come back', async () => {
    await start();

    expect(await count(252)).toBe(250);
    await clock.advance(59_000);
    const refused = await fetch(`${fake.url}/v2/regions`, { headers: { authorization: 'Bearer any' } });
    await clock.advance(1_000);

    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await count(2)).toBe(2);
    expect(fake.rates()).toEqual({ peak_minute: 250, peak_hour: 252, served: 252, refused: 3 });
  });

  it('serves so many requests in any hour, without saying when to come back', async () => {
    await start({ rateLimits: { hour: 3 } });

    expect(await count(4)).toBe(3);
    const refused = await fetch(`${fake.url}/v2/regions`, { headers: { authorization: 'Bearer any' } });

    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('ratelimit-remaining')]).toEqual([429, null, '0']);
    expect(Number(refused.headers.get('ratelimit-reset')) * 1000).toBe(clock.now().getTime() + 3_600_000);
  });

  it('may have a clock of its own', async () => {
    const client = await start({ faults: { clock_skew_ms: -86_400_000 } });

    const created = await client.createDroplet(anOrder);
    const answer = await fetch(`${fake.url}/v2/account`, { headers: { authorization: 'Bearer any' } });

    expect(created).toMatchObject({ outcome: 'accepted', droplet: { created_at: new Date('2026-10-31T00:00:00Z') } });
    expect(answer.headers.get('date')).toBe('Sat, 31 Oct 2026 00:00:00 GMT');
  });

  it('lets a token do what its scopes allow', async () => {
    const client = await start({ tokens: { dop_v1_secret: ['droplet:read'] } });

    expect(await client.listDroplets({ name: 'bot-1' })).toEqual([]);
    await expect(client.listDroplets({ tag: 'fleet:a' })).rejects.toMatchObject({ status: 403, id: 'forbidden' });
    expect(await client.createDroplet(anOrder)).toMatchObject({ outcome: 'rejected', status: 403 });
    await expect(clientForSpec({ baseUrl: fake.url, token: 'another' }).account()).rejects.toMatchObject({ status: 401 });
  });

  it('meets the same faults with the same seed', async () => {
    const outcomes = async (seed: number): Promise<string> => {
      const client = await start({ seed, faults: { create: { drop_before: 0.3, error_after: 0.3 }, fate: { hidden: 0.5 } } });
      const all: string[] = [];
      for (let index = 0; index < 12; index += 1) {
        await client.createDroplet(anOrder);
        all.push(`${fake.requests().at(-1)?.fault} ${fake.history().at(-1)?.fate}`);
      }
      if (seed !== 3) await fake.stop();
      return all.join();
    };

    const [first, second, other] = [await outcomes(2), await outcomes(2), await outcomes(3)];

    expect(second).toBe(first);
    expect(other).not.toBe(first);
  });

  it.each<[RequestKind, RequestFault]>([['read', 'error_before'], ['read', 'drop_before'], ['read', 'unreadable'], ['read', 'html_after']])(
    'lets a %s fail with %s, and the client asks again',
    async (kind, fault) => {
      const client = await start();
      fake.next(kind, fault);
      fake.next(kind, fault);

      expect((await client.account()).droplet_limit).toBe(5_000);
      expect(fake.requests().map((request) => request.fault)).toEqual([fault, fault, null]);
    },
  );

  it('writes down what it was asked, but no user data', async () => {
    const client = await start();
    await client.createDroplet({ ...anOrder, user_data: 'one-time token' });

    expect(JSON.stringify(fake.requests())).not.toContain('one-time');
    expect(fake.requests()).toMatchObject([{ method: 'POST', path: '/v2/droplets', kind: 'create', status: 202, body: { name: anOrder.name } }]);
    expect(fake.droplets()).toMatchObject([{ userData: 'one-time token' }]);
  });
});
