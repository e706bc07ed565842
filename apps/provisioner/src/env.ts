import { LogLevel } from '@trawling/runtime';
import { PublisherEnv } from '@trawling/status-publisher';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const httpUrl = z.url({ protocol: /^https?$/ });

/** `12345`, `ab:cd:…` or several of them with commas. */
const keys = z.string().transform((text) => text.split(',').map((key) => key.trim()).filter((key) => key !== ''));
/** A number is a snapshot's. */
const image = z.string().min(1).transform((ref) => (/^\d+$/.test(ref) ? Number(ref) : ref));

const variables = z.object({
  PORT: port.default(4300).describe('Port of /healthz, /readyz, /status, /capabilities and /metrics'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on; nobody but who watches it needs it'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('Postgres, as role trawling_provisioner'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional().describe('Redis for the queue; without it the queue is in Postgres'),
  MACHINE_DRIVER: z.enum(['local', 'digitalocean']).default('local').describe('What machines are made of; local: processes on this computer, digitalocean: droplets'),
  SYNC_ADAPTER_URL: httpUrl.describe('Where machines find the sync-adapter'),
  LOCAL_MACHINES_DIR: z.string().min(1).optional().describe('Local driver, needed for it: folder that holds one folder per machine'),
  OPENCLAW_RUNTIME_DIR: z.string().min(1).optional().describe('Local driver, needed for it: cache into which OpenClaw is installed once'),
  OPENCLAW_MANIFEST_DIR: z.string().min(1).optional().describe('Folder of the pinned package.json and package-lock.json of OpenClaw; found by itself in a checkout'),
  GATEWAY_PORT_BASE: port.min(1).default(18_800).describe('Local driver: first port for gateways'),
  DIGITALOCEAN_TOKEN: z.string().min(1).optional().describe('DigitalOcean driver, needed for it: token of the API; docs/digitalocean.md lists its scopes'),
  DIGITALOCEAN_API_URL: httpUrl.default('https://api.digitalocean.com').describe('DigitalOcean driver: where the API is'),
  DIGITALOCEAN_REGION: z.string().min(1).default('fra1').describe('DigitalOcean driver: region of new droplets'),
  DIGITALOCEAN_SIZE: z.string().min(1).optional().describe('DigitalOcean driver: size of new droplets; without it the cheapest of the region with DIGITALOCEAN_MEMORY_MB'),
  DIGITALOCEAN_MEMORY_MB: z.coerce.number().int().min(1024).max(65_536).default(2048).describe('DigitalOcean driver: memory that a bot needs; OpenClaw idles at 600 to 900 MB'),
  DIGITALOCEAN_IMAGE: image.default('debian-13-x64').describe('DigitalOcean driver: slug of an image with cloud-init and systemd, or number of a snapshot'),
  DIGITALOCEAN_VPC: z.uuid().optional().describe('DigitalOcean driver: VPC of new droplets; without it the default of the region'),
  DIGITALOCEAN_SSH_KEYS: keys.default([]).describe('DigitalOcean driver: numbers or fingerprints of keys of the team, with commas'),
  DIGITALOCEAN_MONITORING: z.stringbool().default(true).describe('DigitalOcean driver: whether DigitalOcean draws graphs of new droplets'),
  MACHINE_NPM_REGISTRY: httpUrl.default('https://registry.npmjs.org').describe('Where droplets get Node, npm and OpenClaw; all of it is checked against committed digests'),
  MACHINE_APT_MIRROR: httpUrl.optional().describe('Where droplets get packages of their distribution; without it where their image does'),
  MACHINE_APT_SECURITY_MIRROR: httpUrl.optional().describe('Needed with MACHINE_APT_MIRROR: where its security updates are; an archive of its own with Debian, the same with Ubuntu'),
  MACHINE_CA_FILE: z.string().min(1).optional().describe('PEM file with the authorities of a sync-adapter or mirror that no public one has signed; curl, Node, npm and apt of droplets trust its certificates. They are part of the user data: a few, not a whole system’s'),
  DATA_RETRIEVAL_URL: httpUrl.optional().describe('Where machines get prices from'),
  SWEEP_SECONDS: z.coerce.number().min(0.1).max(3600).default(5).describe('How often every bot is looked at, whatever the queue says'),
  REAP_ORPHANS: z
    .enum(['report', 'destroy'])
    .optional()
    .describe('What to do with machines of this installation whose bot nobody knows: report them and destroy only what "admin approve-orphans" names, or destroy them after a time; default: destroy for local machines, report for all others'),
  ...PublisherEnv.shape,
  LOG_LEVEL: LogLevel.default('info').describe('trace, debug, info, warn, error, fatal or silent'),
});

const NEEDED = { local: ['LOCAL_MACHINES_DIR', 'OPENCLAW_RUNTIME_DIR'], digitalocean: ['DIGITALOCEAN_TOKEN'] } as const;

/** Either needs the other. */
const APT_MIRRORS = [['MACHINE_APT_MIRROR', 'MACHINE_APT_SECURITY_MIRROR'], ['MACHINE_APT_SECURITY_MIRROR', 'MACHINE_APT_MIRROR']] as const;

/** Read once, by main.ts. */
export const Env = variables.superRefine((env, context) => {
  for (const name of NEEDED[env.MACHINE_DRIVER]) {
    if (env[name] === undefined) context.addIssue({ code: 'custom', path: [name], message: `the driver ${env.MACHINE_DRIVER} needs it` });
  }
  for (const [given, needed] of APT_MIRRORS) {
    if (env[given] !== undefined && env[needed] === undefined) context.addIssue({ code: 'custom', path: [needed], message: `${given} needs it` });
  }
});
export type Env = z.output<typeof Env>;
