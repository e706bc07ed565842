import type { RequestKind } from '@trawling/digitalocean';
import type { Cloud } from './cloud.js';
import type { Fate, Timings } from './faults.js';
import type { Reply } from './reply.js';
import type { ShownTime } from './show.js';

export type FakeRequest = {
  method: string;
  path: string;
  /** Parts of the path, decoded: what the route's pattern captured. */
  parts: string[];
  query: URLSearchParams;
  body: Record<string, unknown>;
  /** Of the fake itself, for links. */
  origin: string;
  nowMs: number;
};

export type FakeState = {
  cloud: Cloud;
  timings: Timings;
  dropletLimit: number;
  /** Whose droplets these are. */
  team: string;
  /** What becomes of the next droplet. */
  nextFate: () => Fate | null;
  /** The service's own words for a moment. */
  time: ShownTime;
};

export type Route = {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  pattern: RegExp;
  kind: RequestKind;
  /** What the token has to have. */
  scopes: (request: FakeRequest) => string[];
  /** Requests per minute of this route alone, where DigitalOcean has such a limit. */
  perMinute?: number;
  handle: (state: FakeState, request: FakeRequest) => Reply;
};
