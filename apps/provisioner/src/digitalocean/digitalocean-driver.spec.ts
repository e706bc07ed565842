import { randomUUID } from 'node:crypto';
import { type RequestBudget } from '@trawling/digitalocean';
import { momentOf, systemClock } from '@trawling/runtime';
import { createFakeClock, until } from '@trawling/runtime/testing';
import { type MachineKey } from '../machines/machine-driver.js';
import { UnrecognisedMachine } from '../machines/unrecognised-machine.js';
import { dropletSettings, type DropletBed, openDropletBed, startDigitalOcean } from '../testing/droplet-bed.js';
import { dropletName } from './droplet-identity.js';

describe('the DigitalOcean driver', () => {
  let cloud: Awaited<ReturnType<typeof startDigitalOcean>>;
  let bed: DropletBed;
  const newKey = (botId: string = randomUUID(), generation = 1): MachineKey => ({ botId, generation });
  const create = async (key: MachineKey, driver = bed.driver): Promise<string> => {
    const result = await driver.create(key, bed.order(key));
    if (result.outcome !== 'accepted') throw new Error(JSON.stringify(result));
    return result.providerId;
  };
  const dropletsOf = (key: MachineKey) => cloud.fake.droplets().filter(({ name }) => name === dropletName(key));
  const countRequests = async (run: () => Promise<unknown>): Promise<string[]> => {
    const before = cloud.fake.requests().length;
    await run();
    return cloud.fake.requests().slice(before).map(({ method, path }) => `${method} ${path}`);
  };

  beforeAll(async () => {
    cloud = await startDigitalOcean({ timings: { tags: 3_600_000 } });
  }, 60_000);
  afterAll(() => cloud.stop());
  beforeEach(async () => {
    cloud.fake.setFaults({});
    bed = await openDropletBed(cloud);
  });
  afterEach(() => bed.close());

  it('makes a droplet with the tags of its fleet, bot and generation, and the user data of its order', async () => {
    const key = newKey();

    const providerId = await create(key);

    const [droplet] = dropletsOf(key);
    expect(droplet).toMatchObject({
      id: Number(providerId), name: `bot-${key.botId}-g1`, region: 'fra1', size: 's-1vcpu-2gb', image: 'debian-12-x64', monitoring: true,
      tags: [`fleet:${bed.installationId}`, `bot:${key.botId}`, 'gen:1'],
    });
    expect(droplet?.userData).toContain(`${key.botId} 1 tte_`);
  });

  it('has a firewall bound to the fleet before the first create: nothing in; web, names and time out', async () => {
    const firewall = cloud.fake.firewalls().find(({ name }) => name === `trawling-${bed.installationId}`);

    expect(firewall).toMatchObject({ tags: [`fleet:${bed.installationId}`], inbound_rules: [] });
    expect(firewall?.outbound_rules).toMatchObject([
      { protocol: 'tcp', ports: '80' }, { protocol: 'tcp', ports: '443' }, { protocol: 'tcp', ports: '53' },
      { protocol: 'udp', ports: '53' }, { protocol: 'udp', ports: '123' },
    ]);
    expect(dropletsOf(newKey())).toEqual([]);
  });

  it('asks three times for a new machine: by tag, by name, and for the droplet; and no more while it boots', async () => {
    const key = newKey();
    await bed.driver.list();

    const requests = await countRequests(async () => {
      const providerId = await create(key);
      for (let look = 0; look < 20; look += 1) {
        await bed.driver.find(key.botId);
        await bed.driver.get(providerId);
      }
    });

    expect(requests.sort()).toEqual(['GET /v2/droplets', 'GET /v2/droplets', 'POST /v2/droplets']);
  });

  it('reads one list for however many ask at once', async () => {
    const fresh = await bed.openDriver();

    const requests = await countRequests(() => Promise.all(Array.from({ length: 50 }, () => fresh.find(randomUUID()))));

    expect(requests).toEqual(['GET /v2/droplets']);
  });

  it('says that a create without an answer may have made a droplet, and takes that droplet the next time', async () => {
    const key = newKey();
    cloud.fake.next('create', 'drop_after');

    const first = await bed.driver.create(key, bed.order(key));
    const second = await create(key);

    expect(first).toMatchObject({ outcome: 'unknown' });
    expect(dropletsOf(key).map(({ id }) => String(id))).toEqual([second]);
  });

  it('finds a droplet by its name while it has no tags yet', async () => {
    const key = newKey();
    cloud.fake.next('create', 'drop_after');
    cloud.fake.nextFate('tag_late');
    await bed.driver.create(key, bed.order(key));
    const other = await bed.openDriver();

    const found = await create(key, other);

    expect(dropletsOf(key).map(({ id }) => String(id))).toEqual([found]);
  });

  it('finds a droplet by its tags when somebody has given it another name', async () => {
    const key = newKey();
    const providerId = await create(key);
    const [droplet] = dropletsOf(key);
    if (droplet) droplet.name = 'my-favourite-bot';
    const other = await bed.openDriver();

    expect(await create(key, other)).toBe(providerId);
    expect(await other.list()).toMatchObject([{ ...key, providerId }]);
  });

  it('takes the oldest when there are two of one name already', async () => {
    const key = newKey();
    const providerId = await create(key);
    const [droplet] = dropletsOf(key);
    cloud.fake.setFaults({});
    const twin = await bed.client.createDroplet({
      name: dropletName(key), tags: droplet?.tags ?? [], region: 'fra1', size: 's-1vcpu-2gb', image: 'debian-12-x64', user_data: 'x',
    });
    expect(twin).toMatchObject({ outcome: 'accepted' });

    const other = await bed.openDriver();
    expect(await create(key, other)).toBe(providerId);
    expect(await other.find(key.botId)).toHaveLength(2);
  });

  it.each([
    ['html_before', 'unknown'], ['html_after', 'unknown'], ['error_before', 'unknown'], ['error_after', 'unknown'],
    ['rate_limited_bare', 'not_sent'],
  ] as const)('answers %s of a create with "%s" and never sends it twice', async (fault, outcome) => {
    const key = newKey();
    cloud.fake.next('create', fault);

    const requests = await countRequests(async () => {
      expect(await bed.driver.create(key, bed.order(key))).toMatchObject({ outcome });
    });

    expect(requests.filter((one) => one.startsWith('POST'))).toHaveLength(1);
  });

  it('says that a refusal that asks to be tried again may be tried again', async () => {
    const key = newKey();
    cloud.fake.next('create', 'try_again');

    expect(await bed.driver.create(key, bed.order(key))).toMatchObject({ outcome: 'rejected', retryable: true });
    await create(key);
  });

  it('asks for nothing when the machine could not be looked for', async () => {
    const key = newKey();
    const gone = await openDropletBed(cloud, { token: 'dop_v1_test' });
    gone.client.listDroplets = async () => {
      throw new Error('no connection');
    };

    expect(await gone.driver.create(key, gone.order(key))).toMatchObject({ outcome: 'not_sent' });
    expect(dropletsOf(key)).toEqual([]);
    await gone.close();
  });

  it('lists more droplets than a page holds', async () => {
    cloud.fake.setFaults({});
    const order = bed.order(newKey());
    for (let batch = 0; batch < 21; batch += 1) {
      await Promise.all(Array.from({ length: 10 }, () => bed.client.createDroplet({
        name: dropletName(newKey()), tags: [`fleet:${order.installation_id}`], region: 'fra1', size: 's-1vcpu-2gb', image: 'debian-12-x64', user_data: 'x',
      })));
    }

    const machines = await (await bed.openDriver()).list();

    expect(machines).toHaveLength(210);
    expect(new Set(machines.map(({ botId }) => botId)).size).toBe(210);
    expect(machines[0]).toMatchObject({ monthlyUsd: 12 });
  }, 60_000);

  it('deletes the tag of a bot when that is forgotten, not while a droplet carries it, and the shared ones never', async () => {
    const key = newKey();
    const next = { ...key, generation: 2 };
    const [old, current] = [await create(key), await create(next)];

    await bed.driver.destroy(old);
    await bed.driver.forget(key.botId);
    expect(cloud.fake.tags()).toEqual(expect.arrayContaining([`bot:${key.botId}`, 'gen:1', 'gen:2']));
    expect(dropletsOf(next)[0]?.tags).toContain(`bot:${key.botId}`);
    // It vanished before anybody could destroy it.
    cloud.fake.remove(Number(current));
    await bed.driver.forget(key.botId);

    expect(cloud.fake.tags()).not.toContain(`bot:${key.botId}`);
    expect(cloud.fake.tags()).toEqual(expect.arrayContaining([`fleet:${bed.installationId}`, 'gen:1', 'gen:2']));
  });

  it('touches no droplet of another installation, not even one of the same name', async () => {
    const key = newKey();
    const providerId = await create(key);
    const stranger = await openDropletBed(cloud);

    await expect(stranger.driver.destroy(providerId)).rejects.toBeInstanceOf(UnrecognisedMachine);
    const own = await create(key, stranger.driver);

    expect(own).not.toBe(providerId);
    expect(dropletsOf(key)).toHaveLength(2);
    await stranger.driver.destroy(own);
    await stranger.driver.forget(key.botId);
    expect(await (await bed.openDriver()).find(key.botId)).toMatchObject([{ providerId }]);
    expect(dropletsOf(key)[0]?.tags).toContain(`bot:${key.botId}`);
    await stranger.close();
  });

  it('says of a droplet whose tags somebody changed that it is there, why it is left alone, and does so', async () => {
    const key = newKey();
    const providerId = await create(key);
    const [droplet] = dropletsOf(key);
    droplet?.tags.push('fleet:somebody');
    const other = await bed.openDriver();

    expect(await other.list()).toEqual([]);
    await expect(other.get(providerId)).rejects.toMatchObject({ name: 'UnrecognisedMachine', machine: { providerId, state: 'running' } });
    await expect(other.destroy(providerId)).rejects.toThrow(new RegExp(`^Droplet ${providerId} is still there, .*fleet:somebody.* it is neither destroyed nor replaced`));
    expect(dropletsOf(key)).toHaveLength(1);

    if (droplet) droplet.tags = droplet.tags.filter((tag) => tag !== 'fleet:somebody');
    await other.destroy(providerId);
    expect(dropletsOf(key)).toEqual([]);
  });

  it('finds, looks at and destroys droplets while nothing is left of the request budget but what is kept for deletes', async () => {
    let isExhausted = false;
    const never = (signal?: AbortSignal) => new Promise<void>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('no request is left'))));
    const budget: RequestBudget = { take: async (kind, signal) => (isExhausted && kind !== 'delete' ? never(signal) : undefined), observe: async () => undefined };
    const there = await openDropletBed(cloud, { budget });
    const keys = [newKey(), newKey()];
    const ids: string[] = [];
    for (const key of keys) ids.push(await create(key, there.driver));
    isExhausted = true;

    // A process that knows the droplets, and one that has just been started.
    for (const [index, driver] of [there.driver, there.newDriver()].entries()) {
      const [key = newKey(), providerId = ''] = [keys[index], ids[index]];
      expect(await driver.find(key.botId)).toMatchObject([{ ...key, providerId }]);
      await driver.destroy(providerId);
      expect(await driver.get(providerId, { ending: true })).toBeNull();
      await driver.forget(key.botId);
      expect(dropletsOf(key)).toEqual([]);
    }
    await there.close();
  });

  it('sends neither a create nor a delete that it was asked for too long ago, by either clock', async () => {
    const key = newKey();
    const kept = await create(newKey());
    const now = momentOf(systemClock);
    const agoMs = 3_600_000;

    const requests = await countRequests(async () => {
      for (const begun of [{ ...now, monotonicMs: now.monotonicMs - agoMs }, { ...now, wallMs: now.wallMs - agoMs }]) {
        expect(await bed.driver.create(key, bed.order(key), { begun })).toMatchObject({ outcome: 'not_sent' });
        await expect(bed.driver.destroy(kept, { begun })).rejects.toThrow();
      }
    });

    expect(requests.filter((one) => !one.startsWith('GET'))).toEqual([]);
  });

  it('does not send a delete when looking whose the droplet is took too long', async () => {
    const kept = await create(newKey());
    const clock = createFakeClock();
    const slow = bed.newDriver(bed.installationId, {
      clock,
      client: { ...bed.client, getDroplet: async (...args) => clock.advance(30_000).then(() => bed.client.getDroplet(...args)) },
    });

    await expect(slow.destroy(kept)).rejects.toThrow(/too late/);

    expect(await bed.driver.get(kept)).toMatchObject({ providerId: kept });
  });

  it('waits for a droplet that is being deleted to be gone', async () => {
    const slow = await startDigitalOcean({ timings: { delete: 700 } });
    const there = await openDropletBed(slow);
    const key = newKey();
    const result = await there.driver.create(key, there.order(key));
    const providerId = result.outcome === 'accepted' ? result.providerId : '';

    await there.driver.destroy(providerId);

    expect(await there.driver.get(providerId)).toBeNull();
    expect(await there.driver.find(key.botId)).toEqual([]);
    await there.close();
    await slow.stop();
  }, 60_000);

  it('asks DigitalOcean whether a machine is there that no list shows', async () => {
    const key = newKey();
    cloud.fake.nextFate('tag_late');
    const providerId = await create(key);
    const other = await bed.openDriver();

    expect(await other.find(key.botId)).toEqual([]);
    expect(await other.get(providerId)).toMatchObject({ ...key, providerId });
  });

  it('leaves alone a droplet of the fleet that is nobody’s machine, and says so', async () => {
    await bed.client.createDroplet({ name: 'jump-host', tags: [`fleet:${bed.installationId}`], region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64', user_data: 'x' });

    expect(await (await bed.openDriver()).list()).toEqual([]);
    expect(bed.logger.lines().some(({ msg }) => String(msg).includes('it is left alone'))).toBe(true);
  });

  it('refuses to stop a droplet: it would be billed all the same', async () => {
    await expect(bed.driver.stop(await create(newKey()))).rejects.toThrow(/billed/);
  });

  it('uses a snapshot, a VPC and a size when it is told to', async () => {
    const key = newKey();
    const settings = { ...dropletSettings, image: 201_500_777, vpcUuid: '0d3db13e-a604-4944-9827-7ec2642d32ac', size: 's-2vcpu-4gb', monitoring: false };
    const driver = await bed.openDriver(bed.installationId, { settings });

    await create(key, driver);

    expect(dropletsOf(key)).toMatchObject([{ image: 201_500_777, vpc: settings.vpcUuid, size: 's-2vcpu-4gb', monitoring: false }]);
  });

  // The last one: it looks back at all of them.
  it('sends and reads nothing that the description does not know, but for the HTML of two faults', async () => {
    await until(() => cloud.prism.violations().length >= 2);

    expect(cloud.prism.violations()).toHaveLength(2);
  });
});
