import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { RequestKind } from '@trawling/digitalocean';
import { type Clock, systemClock } from '@trawling/runtime';
import { type Cloud, emptyCloud, type FakeAction, type FakeDroplet, type FakeFirewall, isThere } from './cloud.js';
import { draw, type Fate, Faults, type RequestFault, seededRandom, Timings } from './faults.js';
import { handleRequest, type ServedRequest, type Service } from './handle-request.js';
import { createRateWindows, type RateLimits, type RateUsage } from './rate-windows.js';

export type FakeOptions = {
  clock?: Clock;
  /** Of everything random; the same requests in the same order meet the same faults. */
  seed?: number;
  faults?: Faults;
  timings?: Partial<Timings>;
  /** 0: any free one. */
  port?: number;
  host?: string;
  rateLimits?: Partial<RateLimits>;
  /** Most droplets of the account (default 5,000). */
  dropletLimit?: number;
  /** The team's uuid. */
  team?: string;
  /** Scopes by token; null has all. Without it any token has all. */
  tokens?: Record<string, string[] | null>;
};

export type FakeDigitalOcean = {
  readonly url: string;
  /** Droplets that exist (and are billed) now, whether the API shows them or not. */
  droplets: () => FakeDroplet[];
  /** Every droplet there ever was. */
  history: () => FakeDroplet[];
  actions: () => FakeAction[];
  tags: () => string[];
  firewalls: () => FakeFirewall[];
  /** In the order of their arrival, without user data; the newest 20,000. */
  requests: () => ServedRequest[];
  rates: () => RateUsage;
  setFaults: (faults: Faults) => void;
  /** The next request of this kind meets this fault, whatever the odds. */
  next: (kind: RequestKind, fault: RequestFault) => void;
  nextFate: (fate: Fate) => void;
  /** As somebody does it at the console. */
  powerOff: (id: number) => void;
  remove: (id: number) => void;
  /** Ends everything, requests that wait included. */
  stop: () => Promise<void>;
};

const MAX_REQUESTS_KEPT = 20_000;

/** A DigitalOcean for tests: keeps state, enforces both rate windows, and fails as it is told. Knows nothing of bots. */
export async function startFakeDigitalOcean(options: FakeOptions = {}): Promise<FakeDigitalOcean> {
  const clock = options.clock ?? systemClock;
  const random = seededRandom(options.seed ?? 1);
  const cloud: Cloud = emptyCloud();
  const requests: ServedRequest[] = [];
  const scripted: { kind: RequestKind; fault: RequestFault }[] = [];
  const fates: Fate[] = [];
  let faults = Faults.parse(options.faults ?? {});
  const nowMs = (): number => clock.now().getTime();
  const stopping = new AbortController();

  const service: Service = {
    state: {
      cloud,
      timings: Timings.parse(options.timings ?? {}),
      dropletLimit: options.dropletLimit ?? 5_000,
      team: options.team ?? '5df3e3004a17e242b7c20ca6c9fc25b701a47ece',
      nextFate: () => fates.shift() ?? draw(faults.fate, random),
      // Without milliseconds, as there.
      time: (ms) => new Date(ms + (faults.clock_skew_ms ?? 0)).toISOString().replace(/\.\d+Z$/, 'Z'),
    },
    clock,
    windows: createRateWindows({ minute: options.rateLimits?.minute ?? 250, hour: options.rateLimits?.hour ?? 5_000 }),
    routeWindows: new Map(),
    skewMs: () => faults.clock_skew_ms ?? 0,
    tokens: options.tokens ?? null,
    stopping: stopping.signal,
    faultFor: (kind) => {
      const index = scripted.findIndex((one) => one.kind === kind);
      return index < 0 ? draw(faults[kind], random) : (scripted.splice(index, 1)[0]?.fault ?? null);
    },
    record: (request) => {
      requests.push(request);
      if (requests.length > MAX_REQUESTS_KEPT) requests.shift();
    },
  };
  const server = createServer((req: IncomingMessage, res: ServerResponse) => void handleRequest(service, req, res));
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake has no port');

  return {
    url: `http://${options.host ?? '127.0.0.1'}:${address.port}`,
    droplets: () => [...cloud.droplets.values()].filter((droplet) => isThere(droplet, nowMs())),
    history: () => [...cloud.droplets.values()],
    actions: () => [...cloud.actions.values()],
    tags: () => [...cloud.tags],
    firewalls: () => [...cloud.firewalls.values()],
    requests: () => [...requests],
    rates: () => service.windows.usage(),
    setFaults: (wanted) => void (faults = Faults.parse(wanted)),
    next: (kind, fault) => void scripted.push({ kind, fault }),
    nextFate: (fate) => void fates.push(fate),
    powerOff: (id) => void (dropletOf(cloud, id).poweredOff = true),
    remove: (id) => void (dropletOf(cloud, id).goneAt = nowMs()),
    stop: async () => {
      stopping.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function dropletOf(cloud: Cloud, id: number): FakeDroplet {
  const droplet = cloud.droplets.get(id);
  if (!droplet) throw new Error(`There was never a droplet ${id}`);
  return droplet;
}
