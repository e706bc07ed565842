import { z } from 'zod';
import { findImage, REGIONS, SIZES, SSH_KEYS, VPCS } from './catalogue.js';
import { findVisible, isThere, isVisible, makeDroplet, shownTags, startAction, statusOf } from './cloud.js';
import { notFound, pageOf, type Reply, unprocessable } from './reply.js';
import type { FakeRequest, FakeState, Route } from './route.js';
import { showAction, showDroplet } from './show.js';

const droplet = /^\/v2\/droplets\/(\d+)$/;
const idOf = (request: FakeRequest): number => Number(request.parts[0]);

export const dropletRoutes: Route[] = [
  {
    method: 'GET',
    pattern: /^\/v2\/droplets$/,
    kind: 'read',
    scopes: ({ query }) => ['droplet:read', ...(query.has('tag_name') ? ['tag:read'] : [])],
    handle: listDroplets,
  },
  {
    method: 'POST',
    pattern: /^\/v2\/droplets$/,
    kind: 'create',
    scopes: ({ body }) => ['droplet:create', ...(Array.isArray(body['tags']) && body['tags'].length > 0 ? ['tag:create'] : [])],
    handle: createDroplet,
  },
  {
    method: 'GET',
    pattern: droplet,
    kind: 'read',
    scopes: () => ['droplet:read'],
    handle: ({ cloud, time }, request) => {
      const found = findVisible(cloud, idOf(request), request.nowMs);
      return found ? { status: 200, body: { droplet: showDroplet(found, request.nowMs, time) } } : notFound();
    },
  },
  {
    method: 'DELETE',
    pattern: droplet,
    kind: 'delete',
    scopes: () => ['droplet:delete'],
    handle: ({ cloud, timings }, request) => {
      const found = findVisible(cloud, idOf(request), request.nowMs);
      if (!found) return notFound();
      found.goneAt ??= request.nowMs + timings.delete;
      return { status: 204 };
    },
  },
  {
    method: 'POST',
    pattern: /^\/v2\/droplets\/(\d+)\/actions$/,
    kind: 'other',
    scopes: () => ['droplet:update'],
    handle: act,
  },
  {
    method: 'GET',
    pattern: /^\/v2\/actions\/(\d+)$/,
    kind: 'read',
    scopes: () => ['actions:read'],
    handle: ({ cloud, time }, request) => {
      const action = cloud.actions.get(idOf(request));
      return action ? { status: 200, body: { action: showAction(action, request.nowMs, time) } } : notFound();
    },
  },
];

/** As the API does it: a parameter that it does not know filters nothing. */
function listDroplets({ cloud, time }: FakeState, request: FakeRequest): Reply {
  const { query, nowMs } = request;
  const tag = query.get('tag_name');
  const name = query.get('name')?.toLowerCase();
  if (tag !== null && name !== undefined) return unprocessable('name and tag_name can not be combined');
  const rows = [...cloud.droplets.values()]
    .filter((one) => isVisible(one, nowMs))
    .filter((one) => tag === null || shownTags(one, nowMs).includes(tag))
    .filter((one) => name === undefined || one.name.toLowerCase() === name);
  return pageOf('droplets', rows.map((one) => showDroplet(one, nowMs, time)), request);
}

/** Members that nobody knows are ignored, as there. */
const Order = z.object({
  name: z.string().regex(/^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/).max(255),
  region: z.string().default('fra1'),
  size: z.string(),
  image: z.union([z.string(), z.number()]),
  ssh_keys: z.array(z.union([z.string(), z.number()])).default([]),
  tags: z.array(z.string().regex(/^[a-zA-Z0-9_\-:]+$/)).nullish(),
  user_data: z.string().default(''),
  vpc_uuid: z.string().optional(),
  monitoring: z.boolean().default(false),
});

function createDroplet(state: FakeState, request: FakeRequest): Reply {
  const { cloud, timings, time } = state;
  const { nowMs } = request;
  const parsed = Order.safeParse(request.body);
  if (!parsed.success) return unprocessable(z.prettifyError(parsed.error));
  const order = parsed.data;
  const complaint = complaintAbout(order) ?? quotaComplaint(state, nowMs);
  if (complaint) return unprocessable(complaint);

  const made = makeDroplet(
    cloud,
    {
      name: order.name,
      tags: order.tags ?? [],
      region: order.region,
      size: order.size,
      image: order.image,
      userData: order.user_data,
      vpc: order.vpc_uuid ?? VPCS.find((vpc) => vpc.region === order.region && vpc.default)?.id ?? VPCS[0].id,
      monitoring: order.monitoring,
    },
    { nowMs, timings, fate: state.nextFate() },
  );
  const links = { actions: [{ id: made.actionId, rel: 'create', href: `${request.origin}/v2/actions/${made.actionId}` }] };
  // Tags are applied after the create: the answer shows none.
  return { status: 202, body: { droplet: { ...showDroplet(made, nowMs, time), status: 'new', tags: [] }, links } };
}

function complaintAbout(order: z.output<typeof Order>): string | null {
  if (!REGIONS.some(({ slug, available }) => slug === order.region && available)) return 'You specified an invalid region for Droplet creation.';
  if (!SIZES.some(({ slug }) => slug === order.size)) return 'You specified an invalid size for Droplet creation.';
  const image = findImage(order.image);
  if (!image || image.status !== 'available') return 'You specified an invalid image for Droplet creation.';
  if (!(image.regions as readonly string[]).includes(order.region)) return 'The image you specified is not available in the region you selected.';
  if (Buffer.byteLength(order.user_data) > 65_536) return 'User data is too large: it may not exceed 64 KiB.';
  const knowsKey = (key: string | number): boolean => SSH_KEYS.some((known) => known.fingerprint === key || String(known.id) === String(key));
  if (!order.ssh_keys.every(knowsKey)) return 'Invalid key identifiers for Droplet creation.';
  if (order.vpc_uuid !== undefined && !VPCS.some((vpc) => vpc.id === order.vpc_uuid && vpc.region === order.region)) return 'Failed to resolve VPC.';
  return null;
}

function quotaComplaint({ cloud, dropletLimit }: FakeState, nowMs: number): string | null {
  const there = [...cloud.droplets.values()].filter((one) => isThere(one, nowMs)).length;
  return there >= dropletLimit ? 'creating this/these droplet(s) will exceed your droplet limit' : null;
}

function act({ cloud, time }: FakeState, request: FakeRequest): Reply {
  const { nowMs, body } = request;
  const found = findVisible(cloud, idOf(request), nowMs);
  if (!found) return notFound();
  const type = body['type'];
  if (type !== 'power_on' && type !== 'power_off') return unprocessable('This action is not part of the fake.');
  const status = statusOf(found, nowMs);
  if (status === 'new') return unprocessable('Droplet already has a pending event.');
  if ((status === 'off') === (type === 'power_off')) return unprocessable(`Droplet is currently powered ${status === 'off' ? 'off' : 'on'}.`);
  found.poweredOff = type === 'power_off';
  const action = startAction(cloud, { type, dropletId: found.id, nowMs, ms: 0 });
  return { status: 201, body: { action: showAction(action, nowMs, time) } };
}
