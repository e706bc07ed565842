import type { Fate, Timings } from './faults.js';

/** One droplet as it really is; what the API shows of it at a moment is another question. Times are in milliseconds. */
export type FakeDroplet = {
  id: number;
  name: string;
  tags: string[];
  region: string;
  size: string;
  image: string | number;
  userData: string;
  vpc: string;
  monitoring: boolean;
  createdAt: number;
  activeAt: number;
  /** On no list and 404 before. */
  visibleAt: number;
  tagsAt: number;
  poweredOff: boolean;
  /** Not billed and not there from then on. */
  goneAt: number | null;
  fate: Fate | null;
  actionId: number;
};

export type FakeAction = { id: number; type: string; dropletId: number; startedAt: number; endsAt: number; fails: boolean };

export type FakeFirewall = {
  id: string;
  name: string;
  tags: string[];
  droplet_ids: number[];
  inbound_rules: unknown[];
  outbound_rules: unknown[];
};

/** Everything that the account has. */
export type Cloud = {
  droplets: Map<number, FakeDroplet>;
  actions: Map<number, FakeAction>;
  tags: Set<string>;
  firewalls: Map<string, FakeFirewall>;
  nextId: number;
};

export const emptyCloud = (): Cloud => ({ droplets: new Map(), actions: new Map(), tags: new Set(), firewalls: new Map(), nextId: 3_164_000 });

export type DropletOrder = Pick<FakeDroplet, 'name' | 'tags' | 'region' | 'size' | 'image' | 'userData' | 'vpc' | 'monitoring'>;

/** DigitalOcean names ids apart from each other; so do we, and nobody can take one for the other. */
function newId(cloud: Cloud): number {
  cloud.nextId += 7;
  return cloud.nextId;
}

export function makeDroplet(cloud: Cloud, order: DropletOrder, input: { nowMs: number; fate: Fate | null; timings: Timings }): FakeDroplet {
  const { nowMs, timings } = input;
  // Seen for real: a droplet whose user data is not ASCII is accepted and vanishes.
  const fate = isAscii(order.userData) ? input.fate : 'vanishes';
  const action = startAction(cloud, { type: 'create', dropletId: newId(cloud), nowMs, ms: fate === 'errored' ? timings.placement : timings.boot, fails: fate === 'errored' });
  const droplet: FakeDroplet = {
    ...order,
    id: action.dropletId,
    createdAt: nowMs,
    activeAt: fate === 'stuck' ? Number.POSITIVE_INFINITY : nowMs + timings.boot,
    visibleAt: fate === 'hidden' ? nowMs + timings.hidden : nowMs,
    tagsAt: fate === 'tag_late' ? nowMs + timings.tags : nowMs,
    poweredOff: false,
    goneAt: fate === 'vanishes' ? nowMs : fate === 'errored' ? nowMs + timings.placement : null,
    fate,
    actionId: action.id,
  };
  for (const tag of order.tags) cloud.tags.add(tag);
  cloud.droplets.set(droplet.id, droplet);
  return droplet;
}

export function startAction(cloud: Cloud, input: { type: string; dropletId: number; nowMs: number; ms: number; fails?: boolean }): FakeAction {
  const { type, dropletId, nowMs, ms, fails = false } = input;
  const action: FakeAction = { id: newId(cloud), type, dropletId, startedAt: nowMs, endsAt: nowMs + ms, fails };
  cloud.actions.set(action.id, action);
  return action;
}

export const isThere = (droplet: FakeDroplet, nowMs: number): boolean => droplet.goneAt === null || droplet.goneAt > nowMs;

export const isVisible = (droplet: FakeDroplet, nowMs: number): boolean => isThere(droplet, nowMs) && droplet.visibleAt <= nowMs;

export const shownTags = (droplet: FakeDroplet, nowMs: number): string[] => (droplet.tagsAt <= nowMs ? droplet.tags : []);

export const findVisible = (cloud: Cloud, id: number, nowMs: number): FakeDroplet | null => {
  const droplet = cloud.droplets.get(id);
  return droplet && isVisible(droplet, nowMs) ? droplet : null;
};

export const statusOf = (droplet: FakeDroplet, nowMs: number): 'new' | 'active' | 'off' => {
  if (droplet.activeAt > nowMs) return 'new';
  return droplet.poweredOff ? 'off' : 'active';
};

const isAscii = (text: string): boolean => /^[\t\n\r\x20-\x7e]*$/.test(text);
