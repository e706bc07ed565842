import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { findImage, REGIONS, SIZES, SSH_KEYS, VPCS } from './catalogue.js';
import type { FakeFirewall } from './cloud.js';
import { notFound, pageOf, refused, type Reply, unprocessable } from './reply.js';
import type { FakeRequest, FakeState, Route } from './route.js';
import { showFirewall, showImage, showRegion, showSize, showTag, showVpc } from './show.js';

const list = (path: string, scope: string, key: string, rows: () => object[], perMinute?: number): Route => ({
  method: 'GET',
  pattern: new RegExp(`^${path}$`),
  kind: 'read',
  scopes: () => [scope],
  ...(perMinute === undefined ? {} : { perMinute }),
  handle: (_state, request) => pageOf(key, rows(), request),
});

const partOf = (request: FakeRequest): string => request.parts[0] ?? '';

export const accountRoutes: Route[] = [
  {
    method: 'GET',
    pattern: /^\/v2\/account$/,
    kind: 'read',
    scopes: () => ['account:read'],
    handle: ({ dropletLimit, team }) => ({
      status: 200,
      body: {
        account: {
          droplet_limit: dropletLimit, floating_ip_limit: 5, email: 'operator@example.com', name: 'Operator', email_verified: true,
          uuid: 'b6fr89dbf6d9156cace5f3c78dc9851d957381ef', status: 'active', status_message: '',
          team: { uuid: team, name: 'Bots' },
        },
      },
    }),
  },
  list('/v2/regions', 'regions:read', 'regions', () => REGIONS.map(showRegion)),
  list('/v2/sizes', 'sizes:read', 'sizes', () => SIZES.map(showSize)),
  list('/v2/vpcs', 'vpc:read', 'vpcs', () => VPCS.map(showVpc)),
  list('/v2/account/keys', 'ssh_key:read', 'ssh_keys', () => [...SSH_KEYS], 10),
  {
    method: 'GET',
    pattern: /^\/v2\/images\/([^/]+)$/,
    kind: 'read',
    scopes: () => ['image:read'],
    handle: (_state, request) => {
      const image = findImage(partOf(request));
      return image ? { status: 200, body: { image: showImage(image) } } : notFound();
    },
  },
  {
    method: 'POST',
    pattern: /^\/v2\/tags$/,
    kind: 'other',
    scopes: () => ['tag:create'],
    handle: ({ cloud }, request) => {
      const name = z.string().regex(/^[a-zA-Z0-9_\-:]+$/).max(255).safeParse(request.body['name']);
      if (!name.success) return unprocessable('Tags may contain letters, numbers, colons, dashes, and underscores.');
      cloud.tags.add(name.data);
      return { status: 201, body: { tag: showTag(cloud, name.data, request.nowMs) } };
    },
  },
  {
    method: 'GET',
    pattern: /^\/v2\/tags\/([^/]+)$/,
    kind: 'read',
    scopes: () => ['tag:read'],
    handle: ({ cloud }, request) =>
      cloud.tags.has(partOf(request)) ? { status: 200, body: { tag: showTag(cloud, partOf(request), request.nowMs) } } : notFound(),
  },
  {
    method: 'DELETE',
    pattern: /^\/v2\/tags\/([^/]+)$/,
    kind: 'delete',
    scopes: () => ['tag:delete'],
    handle: ({ cloud }, request) => {
      const name = partOf(request);
      if (!cloud.tags.delete(name)) return notFound();
      for (const droplet of cloud.droplets.values()) droplet.tags = droplet.tags.filter((tag) => tag !== name);
      return { status: 204 };
    },
  },
  {
    method: 'GET',
    pattern: /^\/v2\/firewalls$/,
    kind: 'read',
    scopes: () => ['firewall:read'],
    handle: ({ cloud, time }, request) =>
      pageOf('firewalls', [...cloud.firewalls.values()].map((one) => showFirewall(one, time, request.nowMs)), request),
  },
  { method: 'POST', pattern: /^\/v2\/firewalls$/, kind: 'other', scopes: () => ['firewall:create'], handle: createFirewall },
  { method: 'PUT', pattern: /^\/v2\/firewalls\/([^/]+)$/, kind: 'other', scopes: () => ['firewall:update'], handle: replaceFirewall },
  {
    method: 'DELETE',
    pattern: /^\/v2\/firewalls\/([^/]+)$/,
    kind: 'delete',
    scopes: () => ['firewall:delete'],
    handle: ({ cloud }, request) => (cloud.firewalls.delete(partOf(request)) ? { status: 204 } : notFound()),
  },
];

const Firewall = z.object({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]+$/),
  tags: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.number()).nullish(),
  inbound_rules: z.array(z.looseObject({ protocol: z.string(), ports: z.string() })).nullish(),
  outbound_rules: z.array(z.looseObject({ protocol: z.string(), ports: z.string() })).nullish(),
});

/** The rules as they are kept: all ports are written 0. */
function readFirewall({ cloud }: FakeState, body: unknown): Omit<FakeFirewall, 'id'> | Reply {
  const parsed = Firewall.safeParse(body);
  if (!parsed.success) return unprocessable(z.prettifyError(parsed.error));
  const { name, tags, droplet_ids, inbound_rules, outbound_rules } = parsed.data;
  const missing = (tags ?? []).find((tag) => !cloud.tags.has(tag));
  if (missing !== undefined) return unprocessable(`Tag ${missing} does not exist`);
  if (!inbound_rules?.length && !outbound_rules?.length) return unprocessable('a firewall needs at least one rule');
  const kept = (rules: { ports: string }[] | null | undefined): object[] => (rules ?? []).map((rule) => ({ ...rule, ports: rule.ports === 'all' ? '0' : rule.ports }));
  return { name, tags: tags ?? [], droplet_ids: droplet_ids ?? [], inbound_rules: kept(inbound_rules), outbound_rules: kept(outbound_rules) };
}

function createFirewall(state: FakeState, request: FakeRequest): Reply {
  const firewall = readFirewall(state, request.body);
  if ('status' in firewall) return firewall;
  const { cloud, time } = state;
  if ([...cloud.firewalls.values()].some((one) => one.name === firewall.name)) return refused(409, 'conflict', 'duplicate name');
  const made = { id: randomUUID(), ...firewall };
  cloud.firewalls.set(made.id, made);
  return { status: 202, body: { firewall: showFirewall(made, time, request.nowMs) } };
}

function replaceFirewall(state: FakeState, request: FakeRequest): Reply {
  const { cloud, time } = state;
  const there = cloud.firewalls.get(partOf(request));
  if (!there) return notFound();
  const firewall = readFirewall(state, request.body);
  if ('status' in firewall) return firewall;
  const replaced = { id: there.id, ...firewall };
  cloud.firewalls.set(there.id, replaced);
  return { status: 200, body: { firewall: showFirewall(replaced, time, request.nowMs) } };
}
