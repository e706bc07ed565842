import { DIGITALOCEAN_LIMITS, type DigitalOcean, type FirewallSpec } from '@trawling/digitalocean';
import { anOrder, clientForSpec } from '@trawling/digitalocean/testing';
import { type FakeDigitalOcean, type PrismProxy, startFakeDigitalOcean, startPrismProxy } from './index.js';

/** Loading DigitalOcean's description takes seconds. */
jest.setTimeout(90_000);

/** Client, DigitalOcean's own description, fake: whoever drifts away from the description fails here. */
let fake: FakeDigitalOcean;
let prism: PrismProxy;
let client: DigitalOcean;

beforeAll(async () => {
  fake = await startFakeDigitalOcean({ rateLimits: { minute: 100_000, hour: 100_000 } });
  prism = await startPrismProxy({ upstream: fake.url });
  client = clientForSpec({ baseUrl: prism.url });
});
afterAll(async () => {
  client?.close();
  await prism?.stop();
  await fake?.stop();
});
afterEach(() => {
  for (const droplet of fake.droplets()) fake.remove(droplet.id);
});

const create = async (order: object = {}): Promise<number> => {
  const created = await client.createDroplet({ ...anOrder, ...order });
  if (created.outcome !== 'accepted') throw new Error(JSON.stringify(created));
  return created.droplet.id;
};

const firewall: FirewallSpec = {
  name: 'trawling-bots',
  tags: ['fleet:test'],
  inbound_rules: [],
  outbound_rules: [
    { protocol: 'tcp', ports: '443', destinations: { addresses: ['0.0.0.0/0', '::/0'] } },
    { protocol: 'udp', ports: '53', destinations: { addresses: ['0.0.0.0/0', '::/0'] } },
  ],
};

describe('through DigitalOcean’s description', () => {
  it('a droplet is created, watched, listed by tag and by name, and deleted', async () => {
    const created = await client.createDroplet({ ...anOrder, vpc_uuid: '0d3db13e-a604-4944-9827-7ec2642d32ac', ssh_keys: [289_794], monitoring: true });
    if (created.outcome !== 'accepted') throw new Error(JSON.stringify(created));
    const { id } = created.droplet;

    expect(await client.getAction(created.actionId ?? 0)).toMatchObject({ status: 'completed', type: 'create', resource_id: id });
    expect(await client.getDroplet(id)).toMatchObject({ id, status: 'active', tags: anOrder.tags, size_slug: anOrder.size });
    expect(await client.listDroplets({ tag: 'bot:0198c0de' })).toMatchObject([{ id }]);
    expect(await client.listDroplets({ name: anOrder.name.toUpperCase() })).toMatchObject([{ id }]);

    await client.deleteDroplet(id);
    await client.deleteDroplet(id);
    expect(await client.getDroplet(id)).toBeNull();
    expect(await client.listDroplets({ tag: 'bot:0198c0de' })).toEqual([]);
  });

  it('more than 200 droplets are listed whole', async () => {
    const ids = [];
    for (let index = 0; index < 205; index += 1) ids.push(await create({ name: `bot-${index}` }));

    const listed = await client.listDroplets({ tag: 'fleet:test' });

    expect(listed.map(({ id }) => id).sort()).toEqual(ids.sort());
  });

  it('a droplet that is off is powered on', async () => {
    const id = await create();
    fake.powerOff(id);
    expect(await client.getDroplet(id)).toMatchObject({ status: 'off' });

    expect(await client.powerOn(id)).toMatchObject({ type: 'power_on' });

    expect(await client.getDroplet(id)).toMatchObject({ status: 'active' });
    expect(await client.powerOn(1)).toBeNull();
  });

  it('a firewall is made once, corrected when it is not what it should be, and otherwise left alone', async () => {
    await client.createTag('fleet:test');
    await client.createTag('fleet:test');

    expect(await client.ensureFirewall(firewall)).toMatchObject({ change: 'created', firewall: { name: 'trawling-bots', tags: ['fleet:test'] } });
    expect(await client.ensureFirewall({ ...firewall, outbound_rules: [...firewall.outbound_rules].reverse() })).toMatchObject({ change: 'none' });
    expect(await client.ensureFirewall({ ...firewall, outbound_rules: firewall.outbound_rules.slice(0, 1) })).toMatchObject({ change: 'updated' });
    expect(fake.firewalls()).toMatchObject([{ outbound_rules: [{ protocol: 'tcp', ports: '443' }] }]);
  });

  it('a firewall is found again when the answer to its creation was lost', async () => {
    await client.createTag('fleet:test');
    fake.next('other', 'error_after');

    const ensured = await client.ensureFirewall({ ...firewall, name: 'lost' });

    expect(ensured.firewall.name).toBe('lost');
    expect(fake.firewalls().filter(({ name }) => name === 'lost')).toHaveLength(1);
  });

  it('a tag goes with everything that carries it, and once it is gone that is a success', async () => {
    const id = await create();

    await client.deleteTag('bot:0198c0de');
    await client.deleteTag('bot:0198c0de');

    expect(await client.getDroplet(id)).toMatchObject({ tags: ['fleet:test', 'gen:1'] });
  });

  it('account, regions, sizes, images, keys and VPCs are read', async () => {
    expect(await client.account()).toMatchObject({ droplet_limit: 5_000, status: 'active', team: { uuid: '5df3e3004a17e242b7c20ca6c9fc25b701a47ece' } });
    expect((await client.regions()).find(({ slug }) => slug === 'fra1')).toMatchObject({ available: true, sizes: expect.arrayContaining(['s-1vcpu-2gb']) });
    expect((await client.sizes()).find(({ slug }) => slug === 's-1vcpu-2gb')).toMatchObject({ memory: 2048, price_monthly: 12 });
    expect(await client.image('debian-12-x64')).toMatchObject({ slug: 'debian-12-x64', status: 'available' });
    expect(await client.image(201_500_777)).toMatchObject({ slug: null, regions: ['fra1'] });
    expect(await client.image('debian-99-x64')).toBeNull();
    expect(await client.sshKeys()).toMatchObject([{ id: 289_794 }]);
    expect((await client.vpcs()).map(({ name }) => name)).toContain('bots');
  });

  it('refusals keep DigitalOcean’s words', async () => {
    expect(await client.createDroplet({ ...anOrder, image: 'debian-99-x64' })).toMatchObject({
      outcome: 'rejected', status: 422, id: 'unprocessable_entity', message: expect.stringContaining('invalid image'), retryable: true,
    });
  });

  it('a 429 comes with what the budget needs', async () => {
    fake.next('create', 'rate_limited');
    const statuses: number[] = [];
    const headers: Record<string, string | undefined>[] = [];
    const watching = clientForSpec({
      baseUrl: prism.url,
      budget: { take: async () => undefined, observe: async (answer) => void (statuses.push(answer.status), headers.push(answer.headers)) },
    });

    expect(await watching.createDroplet(anOrder)).toMatchObject({ outcome: 'rejected', status: 429, retryable: true });
    expect(statuses).toEqual([429]);
    expect(headers[0]).toMatchObject({ 'retry-after': '1', 'ratelimit-remaining': expect.any(String), 'ratelimit-reset': expect.any(String) });
  });

  it('a request that is not as described is stopped, and so would be an answer', async () => {
    const headers = { authorization: 'Bearer any', 'content-type': 'application/json' };
    const before = fake.history().length;

    const answer = await fetch(`${prism.url}/v2/droplets`, { method: 'POST', headers, body: JSON.stringify({ name: 'bot_1', size: 'x', image: 'y' }) });

    expect(answer.status).toBe(422);
    expect(fake.history()).toHaveLength(before);
  });

  it('the limits that the budget keeps are those that the description names', () => {
    expect([DIGITALOCEAN_LIMITS.minute.limit, DIGITALOCEAN_LIMITS.hour.limit]).toEqual([250, 5_000]);
  });
});
