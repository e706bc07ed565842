import { z } from 'zod';

/** What we read: only the members we use, and whatever else DigitalOcean adds is let through. */

/** `unknown`: a status that DigitalOcean's description did not have when this was written. */
const DropletStatus = z.enum(['new', 'active', 'off', 'archive', 'unknown']).catch('unknown');

export const Droplet = z.object({
  id: z.int().positive(),
  name: z.string(),
  /** `active`: the machine is on. Says nothing about what runs in it. */
  status: DropletStatus,
  created_at: z.coerce.date(),
  /** Attached after the create: a new droplet may be listed under none of them for a while. */
  tags: z.array(z.string()).default([]),
  size_slug: z.string().optional(),
  region: z.object({ slug: z.string() }).optional(),
});
export type Droplet = z.infer<typeof Droplet>;

const Links = z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional();

export const DropletAnswer = z.object({ droplet: Droplet });
export const DropletList = z.object({ droplets: z.array(Droplet), links: Links, meta: z.object({ total: z.int().nonnegative() }) });
export const CreatedDroplet = z.object({
  droplet: Droplet,
  links: z.object({ actions: z.array(z.object({ id: z.int().positive(), rel: z.string().optional() })).optional() }).optional(),
});

export const Action = z.object({
  id: z.int().positive(),
  /** `errored` after an accepted create: the droplet could not be placed and disappears. */
  status: z.enum(['in-progress', 'completed', 'errored']),
  type: z.string(),
  resource_id: z.int().nullish(),
});
export type Action = z.infer<typeof Action>;
export const ActionAnswer = z.object({ action: Action });

export const Account = z.object({
  /** Most droplets this team may have at a time. */
  droplet_limit: z.int().nonnegative(),
  status: z.string(),
  status_message: z.string().default(''),
  /** Of the user whose token it is. */
  uuid: z.string(),
  /** What droplets belong to; missing for a user without one. */
  team: z.object({ uuid: z.string(), name: z.string().default('') }).nullish(),
});
export type Account = z.infer<typeof Account>;
export const AccountAnswer = z.object({ account: Account });

export const Region = z.object({ slug: z.string(), name: z.string(), available: z.boolean(), sizes: z.array(z.string()), features: z.array(z.string()).default([]) });
export type Region = z.infer<typeof Region>;
export const RegionList = z.object({ regions: z.array(Region), links: Links });

export const Size = z.object({
  slug: z.string(),
  /** MiB. */
  memory: z.number(),
  vcpus: z.number(),
  /** US dollars. */
  price_hourly: z.number(),
  price_monthly: z.number(),
  regions: z.array(z.string()),
  available: z.boolean(),
});
export type Size = z.infer<typeof Size>;
export const SizeList = z.object({ sizes: z.array(Size), links: Links });

export const Image = z.object({
  id: z.int().positive(),
  slug: z.string().nullish(),
  name: z.string().optional(),
  status: z.string().optional(),
  regions: z.array(z.string()).default([]),
  /** GB. */
  min_disk_size: z.number().nullish(),
});
export type Image = z.infer<typeof Image>;
export const ImageAnswer = z.object({ image: Image });

export const SshKey = z.object({ id: z.int().positive(), fingerprint: z.string(), name: z.string() });
export type SshKey = z.infer<typeof SshKey>;
export const SshKeyList = z.object({ ssh_keys: z.array(SshKey), links: Links });

export const Vpc = z.object({ id: z.string(), name: z.string(), region: z.string(), default: z.boolean().optional() });
export type Vpc = z.infer<typeof Vpc>;
export const VpcList = z.object({ vpcs: z.array(Vpc), links: Links });

const Target = z.object({ addresses: z.array(z.string()).nullish() });
const Rule = z.object({ protocol: z.string(), ports: z.string() });
export const Firewall = z.object({
  id: z.string(),
  name: z.string(),
  status: z.string().optional(),
  tags: z.array(z.string()).nullish(),
  droplet_ids: z.array(z.int()).nullish(),
  inbound_rules: z.array(Rule.extend({ sources: Target })).nullish(),
  outbound_rules: z.array(Rule.extend({ destinations: Target })).nullish(),
});
export type Firewall = z.infer<typeof Firewall>;
export const FirewallAnswer = z.object({ firewall: Firewall });
export const FirewallList = z.object({ firewalls: z.array(Firewall), links: Links });

/** The body of every refusal of the API itself; a proxy in between says something else. */
export const Refusal = z.object({ id: z.string(), message: z.string(), request_id: z.string().optional() });
export type Refusal = z.infer<typeof Refusal>;
