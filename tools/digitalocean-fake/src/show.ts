import { type Cloud, type FakeAction, type FakeDroplet, type FakeFirewall, shownTags, statusOf } from './cloud.js';
import { findImage, IMAGES, REGIONS, SIZES, type VPCS } from './catalogue.js';

/** When the services's clock says it is; it may be off. */
export type ShownTime = (ms: number) => string;

const PLACEHOLDER_DATE = '2026-01-12T10:00:00Z';

export const showRegion = (region: (typeof REGIONS)[number]) => ({
  ...region,
  features: ['backups', 'ipv6', 'metadata', 'install_agent', 'storage', 'image_transfer'],
  sizes: SIZES.map(({ slug }) => slug),
});

export const showSize = (size: (typeof SIZES)[number]) => ({
  ...size,
  transfer: 1,
  price_hourly: Number((size.price_monthly / 672).toFixed(5)),
  regions: REGIONS.map(({ slug }) => slug),
  available: true,
  description: 'Basic',
});

export const showImage = (image: (typeof IMAGES)[number]) => ({
  ...image,
  type: image.public ? 'base' : 'snapshot',
  distribution: image.slug?.startsWith('ubuntu') ? 'Ubuntu' : 'Debian',
  created_at: PLACEHOLDER_DATE,
  min_disk_size: 10,
  size_gigabytes: 1.2,
  description: image.name,
  tags: [],
});

export const showVpc = (vpc: (typeof VPCS)[number]) => ({ ...vpc, urn: `do:vpc:${vpc.id}`, created_at: PLACEHOLDER_DATE });

export function showDroplet(droplet: FakeDroplet, nowMs: number, time: ShownTime): object {
  const size = SIZES.find(({ slug }) => slug === droplet.size) ?? SIZES[0];
  const region = REGIONS.find(({ slug }) => slug === droplet.region) ?? REGIONS[0];
  const status = statusOf(droplet, nowMs);
  const address = `203.0.113.${droplet.id % 250}`;
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size.memory,
    vcpus: size.vcpus,
    disk: size.disk,
    locked: status === 'new',
    status,
    kernel: null,
    created_at: time(droplet.createdAt),
    features: droplet.monitoring ? ['monitoring'] : [],
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: showImage(findImage(droplet.image) ?? IMAGES[0]),
    volume_ids: [],
    size: showSize(size),
    size_slug: size.slug,
    networks: { v4: status === 'new' ? [] : [{ ip_address: address, netmask: '255.255.255.0', gateway: '203.0.113.1', type: 'public' }], v6: [] },
    region: showRegion(region),
    tags: shownTags(droplet, nowMs),
    vpc_uuid: droplet.vpc,
  };
}

export const showAction = (action: FakeAction, nowMs: number, time: ShownTime) => {
  const done = action.endsAt <= nowMs;
  return {
    id: action.id,
    status: done ? (action.fails ? 'errored' : 'completed') : 'in-progress',
    type: action.type,
    started_at: time(action.startedAt),
    completed_at: done ? time(action.endsAt) : null,
    resource_id: action.dropletId,
    resource_type: 'droplet',
    region_slug: 'fra1',
  };
};

export const showTag = (cloud: Cloud, name: string, nowMs: number) => {
  const count = [...cloud.droplets.values()].filter((droplet) => droplet.goneAt === null && shownTags(droplet, nowMs).includes(name)).length;
  const none = { count: 0 };
  return { name, resources: { count, droplets: { count }, images: none, volumes: none, volume_snapshots: none, databases: none } };
};

export const showFirewall = (firewall: FakeFirewall, time: ShownTime, nowMs: number) => ({
  ...firewall,
  status: 'succeeded',
  created_at: time(nowMs),
  pending_changes: [],
});
