import { type ImageRef } from '@trawling/digitalocean';

/** How droplets are to be; the operator's choice. */
export type DropletSettings = {
  region: string;
  /** Slug; null: the cheapest size of the region with `memoryMb`. */
  size: string | null;
  /** OpenClaw idles at 0.6 to 0.9 GB and needs more while its packages are installed. */
  memoryMb: number;
  /** Slug of a public image, or number of a snapshot. */
  image: ImageRef;
  /** Null: the region's default. */
  vpcUuid: string | null;
  /** Numbers or fingerprints of keys that are in the team; without any DigitalOcean mails a root password to its owner. */
  sshKeys: readonly (string | number)[];
  /** Metrics of the droplet in DigitalOcean's panel. */
  monitoring: boolean;
};
