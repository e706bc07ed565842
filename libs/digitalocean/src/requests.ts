import { z } from 'zod';

/** What we send. Strict: a misspelt member is refused here, because DigitalOcean would silently ignore it. */

/** `fleet:…`, `bot:…`. From DigitalOcean's description of tags. */
export const TagName = z.string().regex(/^[a-zA-Z0-9_\-:]+$/).max(255);

/** From DigitalOcean's description; no underscore. */
export const DropletName = z.string().regex(/^[a-zA-Z0-9]?[a-z0-9A-Z.-]*[a-z0-9A-Z]$/).max(255);

/** 64 KiB; more, or anything but ASCII, makes a droplet that vanishes after it was accepted. */
export const USER_DATA_MAX_BYTES = 65_536;
const UserData = z
  .string()
  .min(1)
  .max(USER_DATA_MAX_BYTES)
  .regex(/^[\t\n\r\x20-\x7e]*$/, 'only printable ASCII');

/** A public image's slug or a snapshot's number. */
export const ImageRef = z.union([z.string().min(1), z.int().positive()]);
export type ImageRef = z.infer<typeof ImageRef>;

const slug = z.string().regex(/^[a-z0-9][a-z0-9-]*$/);

export const DropletSpec = z.strictObject({
  name: DropletName,
  region: slug,
  /** Slug of a size, e.g. `s-1vcpu-2gb`. */
  size: slug,
  image: ImageRef,
  /** Numbers or fingerprints of keys that are in the team already. */
  ssh_keys: z.array(z.union([z.string().min(1), z.int().positive()])).default([]),
  tags: z.array(TagName).min(1),
  user_data: UserData,
  /** Without it the region's default VPC is taken. */
  vpc_uuid: z.uuid().optional(),
  monitoring: z.boolean().default(false),
  ipv6: z.boolean().default(false),
  with_droplet_agent: z.boolean().default(false),
});
export type DropletSpec = z.input<typeof DropletSpec>;

/** One of the two: the API forbids both, and neither would list every droplet of the account. */
export const DropletFilter = z.union([z.strictObject({ tag: TagName }), z.strictObject({ name: DropletName })]);
export type DropletFilter = z.infer<typeof DropletFilter>;

const addresses = z.strictObject({ addresses: z.array(z.string().min(1)).min(1) });
const rule = { protocol: z.enum(['tcp', 'udp', 'icmp']), ports: z.string() };

/** The firewall of all droplets with one tag. Nothing comes in that `inbound_rules` does not name. */
export const FirewallSpec = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9.-]+$/).max(255),
  tags: z.array(TagName).min(1),
  inbound_rules: z.array(z.strictObject({ ...rule, sources: addresses })),
  outbound_rules: z.array(z.strictObject({ ...rule, destinations: addresses })).min(1),
});
export type FirewallSpec = z.infer<typeof FirewallSpec>;
