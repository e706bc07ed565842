import { startDigitalOcean } from './testing/droplet-bed.js';
import { runSmoke } from './smoke.js';
import { PACE } from './smoke/smoke-options.js';

describe('the smoke test for the real cloud, against the fake one', () => {
  let cloud: Awaited<ReturnType<typeof startDigitalOcean>>;
  let said: string[];
  const run = (env: Record<string, string> = {}, pace: Partial<typeof PACE> = {}, stopAt?: RegExp) => {
    const stopping = new AbortController();
    const say = (line: string): void => {
      said.push(line);
      if (stopAt?.test(line)) stopping.abort(new Error('interrupted'));
    };
    const given = { DIGITALOCEAN_TOKEN: 'dop_v1_test', DIGITALOCEAN_API_URL: cloud.prism.url, DIGITALOCEAN_IMAGE: 'debian-12-x64', ...env };
    return runSmoke({ env: given, say, signal: stopping.signal, pace: { ...PACE, lookMs: 150, ...pace } });
  };

  beforeAll(async () => {
    cloud = await startDigitalOcean({ timings: { boot: 200, tags: 100, hidden: 2_000 } });
  }, 60_000);
  afterAll(() => cloud.stop());
  beforeEach(() => (said = []));

  const expectNothingLeft = () => {
    expect(cloud.fake.droplets()).toEqual([]);
    expect(cloud.fake.firewalls()).toEqual([]);
    expect(cloud.fake.tags().filter((tag) => !tag.startsWith('gen:'))).toEqual([]);
  };

  it('makes one droplet, sees it come and go, and leaves nothing', async () => {
    expect(await run()).toBe(0);

    expect(said.join('\n')).toMatch(/listed by its tag after[^]*created again: the same droplet[^]*gone .* after the delete[^]*Passed/);
    expect(cloud.fake.history()).toHaveLength(1);
    expectNothingLeft();
    expect(cloud.prism.violations()).toEqual([]);
  }, 60_000);

  it('deletes what it made when it fails in the middle', async () => {
    cloud.fake.nextFate('stuck');

    expect(await run({}, { activeMs: 500 })).toBe(1);

    expect(said.join('\n')).toMatch(/failed: it was not so within 0.5 s that it is active[^]*was left over and is deleted/);
    expectNothingLeft();
  }, 60_000);

  it('leaves nothing when it is interrupted while DigitalOcean does not show yet what it accepted', async () => {
    cloud.fake.nextFate('hidden');

    expect(await run({}, { settleMs: 4_000 }, /accepted after/)).toBe(1);

    expect(said.join('\n')).toMatch(/failed: interrupted[^]*looking for 4 s whether a droplet turns up[^]*cleaned up/);
    expectNothingLeft();
  }, 60_000);

  it('leaves nothing of a create that was never answered', async () => {
    cloud.fake.next('create', 'drop_after');
    cloud.fake.nextFate('hidden');

    expect(await run({}, { settleMs: 4_000 })).toBe(1);

    expect(said.join('\n')).toMatch(/the create was unknown[^]*was left over and is deleted[^]*cleaned up/);
    expectNothingLeft();
  }, 60_000);

  it('makes nothing without a token, and says that it did not run', async () => {
    const before = cloud.fake.requests().length;

    expect(await run({ DIGITALOCEAN_TOKEN: '' })).toBe(2);

    expect(said.join()).toContain('Not run');
    expect(cloud.fake.requests()).toHaveLength(before);
  });
});
