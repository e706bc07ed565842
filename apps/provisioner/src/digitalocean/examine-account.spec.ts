import { randomUUID } from 'node:crypto';
import { type MachineKey } from '../machines/machine-driver.js';
import { type DigitalOceanDriver, type DigitalOceanDriverDeps } from './digitalocean-driver.js';
import { dropletSettings, openDropletBed, startDigitalOcean } from '../testing/droplet-bed.js';
import { type Check } from './examine-account.js';

const READ = ['account:read', 'droplet:read', 'tag:read', 'regions:read', 'sizes:read', 'image:read', 'ssh_key:read', 'vpc:read', 'firewall:read'];
const WRITE = ['droplet:create', 'droplet:update', 'droplet:delete', 'tag:create', 'tag:delete', 'firewall:create', 'firewall:update'];
const without = (scope: string): string[] => [...READ, ...WRITE].filter((one) => one !== scope);

describe('examining the account before the first droplet', () => {
  let cloud: Awaited<ReturnType<typeof startDigitalOcean>>;
  const closing: (() => Promise<void>)[] = [];

  const open = async (changes: Partial<DigitalOceanDriverDeps> = {}, token?: string): Promise<DigitalOceanDriver> => {
    const bed = await openDropletBed(cloud, { changes, ...(token === undefined ? {} : { token }) });
    closing.push(bed.close);
    return bed.driver;
  };
  const checkOf = async (driver: DigitalOceanDriver, name: string): Promise<Check | undefined> =>
    (await driver.examine())?.checks.find((check) => check.name === name);

  beforeAll(async () => {
    cloud = await startDigitalOcean({
      tokens: {
        dop_v1_test: null,
        narrow: [...READ, ...WRITE],
        ...Object.fromEntries([...READ, ...WRITE].map((scope) => [`without-${scope}`, without(scope)])),
      },
    });
  }, 60_000);
  afterAll(() => cloud.stop());
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  it('finds everything in order, with a token that has exactly the scopes of the guide', async () => {
    const driver = await open({ settings: { ...dropletSettings, sshKeys: [289_794] } }, 'narrow');

    const report = await driver.examine();

    expect(report?.checks.filter(({ result }) => result !== 'passed')).toEqual([]);
    expect(await driver.preflight()).toEqual({ state: 'ready' });
    expect(cloud.prism.violations()).toEqual([]);
  });

  // The right to create shows at the first create, the one to change a firewall when somebody has changed ours.
  it.each([...READ, ...WRITE].filter((scope) => scope !== 'droplet:create' && scope !== 'firewall:update'))('names the scope when the token lacks %s', async (scope) => {
    const sshKeys = scope === 'ssh_key:read' ? ['3b:16:e4:bf:8b:00:8b:b8:59:8c:a9:d3:f0:19:fa:45'] : [];
    const vpcUuid = scope === 'vpc:read' ? '0d3db13e-a604-4944-9827-7ec2642d32ac' : null;
    const driver = await open({ settings: { ...dropletSettings, sshKeys, vpcUuid } }, `without-${scope}`);

    const preflight = await driver.preflight();

    expect(preflight).toMatchObject({ state: 'broken' });
    expect('reason' in preflight ? preflight.reason : '').toContain(scope);
  });

  it('waits with the reason, instead of failing the bots, when the token may not create', async () => {
    const bed = await openDropletBed(cloud, { token: 'without-droplet:create' });
    const key = { botId: '0199a000-0000-7000-8000-000000000001', generation: 1 };

    expect(await bed.driver.create(key, bed.order(key))).toMatchObject({ outcome: 'not_sent' });
    await bed.close();
  });

  it('says that the token is refused', async () => {
    const driver = await open({}, 'stolen');

    expect(await driver.preflight()).toEqual({ state: 'broken', reason: 'DigitalOcean: token: DigitalOcean refuses the token' });
  });

  it.each<[string, Partial<typeof dropletSettings>, string, string]>([
    ['a region that is none', { region: 'atlantis1' }, 'region', 'there is no region "atlantis1"'],
    ['a region that takes no droplets', { region: 'nyc2' }, 'region', 'New York 2 takes no new droplets'],
    ['a size that is none', { size: 's-99vcpu' }, 'size', '"s-99vcpu" is not to be had in fra1'],
    ['more memory than there is', { memoryMb: 65_536 }, 'size', 'no size in fra1 has 65536 MB'],
    ['an image that is none', { image: 'amiga-os' }, 'image', 'there is no image "amiga-os"'],
    ['a snapshot of another region', { image: 201_500_777, region: 'nyc3' }, 'image', 'image "201500777" is not in nyc3: a snapshot has to be transferred there first'],
    ['a snapshot that is being made', { image: 201_500_778 }, 'image', 'image "201500778" is pending, not available'],
    ['a key that is not in the team', { sshKeys: ['aa:bb', 289_794] }, 'ssh keys', 'not in this team: aa:bb'],
    ['a VPC that is none', { vpcUuid: '5a4981aa-0000-4bd1-bef5-d6bff52042e4' }, 'vpc', 'there is no VPC 5a4981aa-0000-4bd1-bef5-d6bff52042e4'],
    ['a VPC of another region', { vpcUuid: 'e0fe0f4d-596a-465e-a902-571ce57b79fa' }, 'vpc', 'default-nyc3 is in region nyc3, not fra1'],
  ])('does not begin with %s', async (_, change, name, detail) => {
    const driver = await open({ settings: { ...dropletSettings, ...change } });

    expect(await checkOf(driver, name)).toEqual({ name, result: 'failed', detail });
    expect(await driver.preflight()).toMatchObject({ state: 'broken' });
  });

  it.each([
    ['http://bots.example.com', 'https only'],
    ['https://bots.example.com:8443', 'port 8443 is closed'],
  ])('does not begin with a sync-adapter at %s, which no droplet could use', async (syncAdapterUrl, why) => {
    const driver = await open({ addresses: { syncAdapterUrl, dataRetrievalUrl: null } });

    expect((await checkOf(driver, 'sync-adapter'))?.detail).toContain(why);
    expect(await driver.preflight()).toMatchObject({ state: 'broken' });
  });

  it('only warns of a size below what a bot needs, of droplets without keys, and of a data source out of reach', async () => {
    const driver = await open({
      settings: { ...dropletSettings, size: 's-1vcpu-1gb', sshKeys: [] },
      addresses: { syncAdapterUrl: 'https://bots.example.com', dataRetrievalUrl: 'https://prices.example.com:9000' },
    });

    const report = await driver.examine();

    expect(report?.checks.flatMap(({ name, result }) => (result === 'warned' ? [name] : [])).sort()).toEqual(['data source', 'size', 'ssh keys']);
    expect(await driver.preflight()).toEqual({ state: 'ready' });
  });

  it('makes nothing while the account is full, whosever droplets they are, says what to do, and takes what is there', async () => {
    const small = await startDigitalOcean({ dropletLimit: 1 });
    const bed = await openDropletBed(small);
    const [key, other] = ['1', '2'].map((last) => ({ botId: `0199a000-0000-7000-8000-00000000000${last}`, generation: 1 })) as [MachineKey, MachineKey];
    const made = await bed.driver.create(key, bed.order(key));
    // Nobody has examined it since.
    expect(await bed.driver.create(other, bed.order(other))).toMatchObject({ outcome: 'rejected', retryable: true, reason: expect.stringContaining('exceed your droplet limit') });

    const again = await bed.openDriver();
    const neighbour = await bed.openDriver(randomUUID());

    for (const driver of [again, neighbour]) expect(await driver.preflight()).toMatchObject({ state: 'broken' });
    const quota = (await neighbour.examine())?.checks.find(({ name }) => name === 'quota');
    expect(quota?.detail).toBe('all 1 droplets of the account\'s limit are in use, 0 of them by this fleet: ask DigitalOcean for more');
    expect(await again.create(key, bed.order(key))).toEqual(made);
    expect(await again.create(other, bed.order(other))).toMatchObject({ outcome: 'not_sent', reason: expect.stringContaining('quota') });
    await bed.close();
    await small.stop();
  }, 60_000);

  it('believes and does nothing with a token of another team than the one that has the droplets', async () => {
    const bed = await openDropletBed(cloud);
    const key = { botId: randomUUID(), generation: 1 };
    const made = await bed.driver.create(key, bed.order(key));
    const providerId = made.outcome === 'accepted' ? made.providerId : '';
    const installationId = randomUUID();

    const lost = await bed.openDriver(installationId, { claimAccount: async () => 'team-before' });

    const sentence = /the token is of team 5df3e3004a17e242b7c20ca6c9fc25b701a47ece, but the machines of this installation are in team team-before/;
    expect(await lost.preflight()).toMatchObject({ state: 'broken', reason: expect.stringMatching(sentence) });
    for (const call of [lost.list(), lost.find(key.botId), lost.get(providerId), lost.get('1'), lost.destroy(providerId), lost.start(providerId), lost.forget(key.botId)]) {
      await expect(call).rejects.toThrow(sentence);
    }
    expect(await lost.create(key, bed.order(key))).toMatchObject({ outcome: 'not_sent' });
    expect(cloud.fake.tags()).not.toContain(`fleet:${installationId}`);
    expect(await bed.driver.get(providerId)).toMatchObject(key);
    await bed.close();
  });

  it('believes nothing before it is known whose account it is, and asks once for however many', async () => {
    const bed = await openDropletBed(cloud);
    let asked = 0;
    let isAway = true;
    const account = async () => {
      asked += 1;
      if (isAway) throw new Error('no connection');
      return bed.client.account();
    };
    const driver = bed.newDriver(bed.installationId, { client: { ...bed.client, account } });

    await expect(driver.get('1')).rejects.toThrow('no connection');
    isAway = false;
    asked = 0;

    expect(await Promise.all([driver.get('1'), driver.list(), driver.find(randomUUID())])).toEqual([null, [], []]);
    expect(asked).toBe(1);
    await bed.close();
  });

  it('waits, and is not broken, while DigitalOcean does not answer', async () => {
    cloud.fake.next('read', 'error_before');
    const bed = await openDropletBed(cloud);

    expect(await bed.driver.preflight()).toEqual({ state: 'ready' });
    await bed.close();
    const { client } = bed;
    const away = await bed.openDriver(bed.installationId, { client: { ...client, account: () => Promise.reject(new Error('no connection')) } });
    expect(await away.preflight()).toMatchObject({ state: 'not_ready' });
  });
});
