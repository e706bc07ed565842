import type { Account, Action, Droplet, Firewall, Image, Region, Size, SshKey, Vpc } from './answers.js';
import type { DropletFilter, DropletSpec, FirewallSpec, ImageRef } from './requests.js';

/**
 * What became of a create. `rejected`: there is no droplet; `retryable` when the same order may work later, which
 * is whatever DigitalOcean says but that it is malformed (`status` is null when it was never sent). `unknown`: there may be one; look for it before another create.
 */
export type CreateOutcome =
  | { outcome: 'accepted'; droplet: Droplet; actionId: number | null }
  | { outcome: 'rejected'; status: number | null; id: string; message: string; retryable: boolean }
  | { outcome: 'unknown'; reason: string };

export type CallOptions = {
  signal?: AbortSignal;
  /** Of a read without which nothing can be deleted: the budget counts it as a delete. */
  kind?: 'delete';
  /** Asked right before each request is let out; false ends the call (`aborted`), and nothing is sent. */
  mayGo?: () => boolean;
};
export type CreateOptions = Pick<CallOptions, 'signal'> & {
  /**
   * Milliseconds after the call when the request has to be on its way: waiting for the budget and connecting included,
   * measured by both clocks, so that a process that was stopped or a host that slept meanwhile sends nothing. Later it
   * is rejected.
   */
  sendWithinMs?: number;
};

export type DropletPage = { droplets: Droplet[]; total: number; last: boolean };

/** DigitalOcean's API, only what machines of bots need. All but `createDroplet` throw DigitalOceanError. */
export type DigitalOcean = {
  /** Longest time `createDroplet` takes, in milliseconds. */
  readonly createTimeoutMs: number;
  account: (options?: CallOptions) => Promise<Account>;
  /**
   * Every droplet with that tag (exactly) or name (case-insensitive), all pages, each row checked. While droplets are
   * deleted a row can slip from one page to another: it reads again when the total shrank, and who draws a conclusion
   * from an absence asks `getDroplet`.
   */
  listDroplets: (filter: DropletFilter, options?: CallOptions) => Promise<Droplet[]>;
  /** One page (200 rows), counted from 1. */
  listPage: (filter: DropletFilter, page: number, options?: CallOptions) => Promise<DropletPage>;
  /** How many droplets there are in the whole account, whoever made them. */
  countDroplets: (options?: CallOptions) => Promise<number>;
  /** Null: DigitalOcean itself says that there is none; a 404 of anybody else is an error. */
  getDroplet: (id: number, options?: CallOptions) => Promise<Droplet | null>;
  /** Sent at most once, whatever happens. Never throws. */
  createDroplet: (spec: DropletSpec, options?: CreateOptions) => Promise<CreateOutcome>;
  /** A droplet that is gone already is a success. Until `getDroplet` says null it is billed. */
  deleteDroplet: (id: number, options?: CallOptions) => Promise<void>;
  /** Asked once; look at the droplet to learn what became of it. Null: there is no such droplet. */
  powerOn: (id: number, options?: CallOptions) => Promise<Action | null>;
  getAction: (id: number, options?: CallOptions) => Promise<Action | null>;
  /** A tag that exists already is a success. */
  createTag: (name: string, options?: CallOptions) => Promise<void>;
  /** Takes it off everything that carries it. A tag that is gone already is a success. */
  deleteTag: (name: string, options?: CallOptions) => Promise<void>;
  /** Makes the firewall, or makes the one of that name what `spec` says. Its tags have to exist. */
  ensureFirewall: (spec: FirewallSpec, options?: CallOptions) => Promise<{ firewall: Firewall; change: 'created' | 'updated' | 'none' }>;
  /** A firewall that is gone already is a success. */
  deleteFirewall: (id: string, options?: CallOptions) => Promise<void>;
  regions: (options?: CallOptions) => Promise<Region[]>;
  sizes: (options?: CallOptions) => Promise<Size[]>;
  /** Null: no such image. */
  image: (ref: ImageRef, options?: CallOptions) => Promise<Image | null>;
  /** Limited to 10 calls a minute by DigitalOcean. */
  sshKeys: (options?: CallOptions) => Promise<SshKey[]>;
  vpcs: (options?: CallOptions) => Promise<Vpc[]>;
  /** Closes idle connections. */
  close: () => void;
};
