import { type FakeDroplet, type Faults, startFakeDigitalOcean, startPrismProxy } from '@trawling/digitalocean-fake';
import { join } from 'node:path';
import { type Clock } from '@trawling/runtime';
import { type SeededRandom, seededRandom } from '../seeded-random.js';
import { checkoutFolder } from '../workers/build-worker.js';
import { unlessItTakesTime } from '../world/virtual-time.js';
import { type Cloud, type CloudDroplet } from './cloud.js';

const DESCRIPTION = 'libs/digitalocean/openapi/do-openapi.json';

/** How long the cloud lags behind itself, in milliseconds: with the lateness of a packet well below the driver's settle time. */
const TIMINGS = { boot: 15_000, tags: 30_000, hidden: 40_000, placement: 25_000, late: 8_000, delete: 4_000 };

/** The fake DigitalOcean with faults by the seed, alone or behind Prism's proxy with DigitalOcean's own description. */
export async function openFakeCloud(input: { seed: number; behindPrism: boolean; clock: Clock }): Promise<Cloud> {
  const { clock, behindPrism } = input;
  const random = seededRandom(input.seed ^ 0x2545f491);
  const fake = await startFakeDigitalOcean({ clock, seed: input.seed, timings: TIMINGS, faults: faultsOf(random, behindPrism) });
  const prism = behindPrism ? await startPrismProxy({ upstream: fake.url, description: join(checkoutFolder(), DESCRIPTION) }) : null;
  return {
    url: () => prism?.url ?? fake.url,
    droplets: () => fake.droplets().map((droplet) => show(droplet, clock.now().getTime())),
    switchOff: fake.powerOff,
    vanish: fake.remove,
    async stray({ name, tags }) {
      const order = { name, tags, region: 'fra1', size: 's-1vcpu-1gb', image: 'debian-12-x64' };
      const headers = { authorization: 'Bearer somebody', 'content-type': 'application/json', connection: 'close' };
      await unlessItTakesTime(() => fetch(`${fake.url}/v2/droplets`, { method: 'POST', headers, body: JSON.stringify(order) }));
    },
    nextFate: fake.nextFate,
    calm: () => fake.setFaults({}),
    rates: fake.rates,
    tags: fake.tags,
    offSpec: () => prism?.violations() ?? [],
    async close() {
      await prism?.stop();
      await fake.stop();
    },
  };
}

/** Some schedules have a gentle cloud, some a nasty one. Requests and answers get lost on the wire as well. */
function faultsOf({ pick, int }: SeededRandom, behindPrism: boolean): Faults {
  const rate = pick([0, 0.03, 0.1]);
  return {
    create: { try_again: rate, late_effect: rate, rate_limited: rate / 2, ...(behindPrism ? {} : { unreadable: rate }) },
    read: { rate_limited_bare: rate / 4, error_before: rate / 2 },
    delete: { error_after: rate, html_after: rate / 2 },
    fate: { tag_late: pick([0, 0.3, 0.9]), hidden: 2 * rate, vanishes: rate / 2, errored: rate / 2, stuck: rate / 4 },
    clock_skew_ms: pick([0, 0, -3_600_000, 7_200_000]) + int(0, 5_000),
  };
}

function show(droplet: FakeDroplet, nowMs: number): CloudDroplet {
  const { id, name, tags, userData, createdAt } = droplet;
  return { id, name, tags, userData, createdAtMs: createdAt, status: droplet.activeAt > nowMs ? 'new' : droplet.poweredOff ? 'off' : 'active' };
}
