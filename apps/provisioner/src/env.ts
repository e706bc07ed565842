import { LogLevel } from '@trawling/runtime';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const httpUrl = z.url({ protocol: /^https?$/ });

/** Read once, by main.ts. */
export const Env = z.object({
  PORT: port.default(4300).describe('Port for health checks'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on; nobody but health checks needs it'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('Postgres, as role trawling_provisioner'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional().describe('Redis for the queue; without it the queue is in Postgres'),
  MACHINE_DRIVER: z.enum(['local']).default('local').describe('What machines are made of; local: processes on this computer'),
  SYNC_ADAPTER_URL: httpUrl.describe('Where machines find the sync-adapter'),
  LOCAL_MACHINES_DIR: z.string().min(1).describe('Local driver: folder that holds one folder per machine'),
  OPENCLAW_RUNTIME_DIR: z.string().min(1).describe('Local driver: cache into which OpenClaw is installed once'),
  OPENCLAW_MANIFEST_DIR: z.string().min(1).optional().describe('Local driver: folder of the pinned package.json and package-lock.json; found by itself in a checkout'),
  GATEWAY_PORT_BASE: port.min(1).default(18_800).describe('Local driver: first port for gateways'),
  DATA_RETRIEVAL_URL: httpUrl.optional().describe('Where machines get prices from'),
  SWEEP_SECONDS: z.coerce.number().min(0.1).max(3600).default(5).describe('How often every bot is looked at, whatever the queue says'),
  REAP_ORPHANS: z
    .enum(['report', 'destroy'])
    .optional()
    .describe('What to do with machines of this installation whose bot nobody knows: report them and destroy only what "admin orphans approve" names, or destroy them after a time; default: destroy for local machines, report for all others'),
  LOG_LEVEL: LogLevel.default('info').describe('trace, debug, info, warn, error, fatal or silent'),
});
export type Env = z.output<typeof Env>;
