import { z } from 'zod';
import { SETTLE_MS } from '../digitalocean/digitalocean-driver.js';

/** What the smoke test is told, all of it by the environment, because a token has no place on a command line. */
export const SmokeEnv = z.object({
  DIGITALOCEAN_TOKEN: z.string().min(1),
  DIGITALOCEAN_API_URL: z.url().default('https://api.digitalocean.com'),
  DIGITALOCEAN_REGION: z.string().min(1).default('fra1'),
  DIGITALOCEAN_IMAGE: z.string().min(1).default('debian-13-x64').transform((ref) => (/^\d+$/.test(ref) ? Number(ref) : ref)),
  /** For the second part: an installation whose provisioner makes droplets with the same token. */
  CONTROL_PLANE_URL: z.url().optional(),
  CONTROL_PLANE_API_KEY: z.string().min(1).optional(),
});
export type SmokeEnv = z.output<typeof SmokeEnv>;

/** Time between looks, how long each thing may take, and how long a droplet that nobody has seen may still turn up, in milliseconds. */
export type SmokePace = { lookMs: number; activeMs: number; goneMs: number; onlineMs: number; settleMs: number };
export const PACE: SmokePace = { lookMs: 2_000, activeMs: 5 * 60_000, goneMs: 5 * 60_000, onlineMs: 20 * 60_000, settleMs: SETTLE_MS };

export type SmokeDeps = {
  env: SmokeEnv;
  pace: SmokePace;
  say: (line: string) => void;
  signal: AbortSignal;
};
