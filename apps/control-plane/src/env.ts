import { parseMasterKeys } from '@trawling/crypto';
import { LogLevel } from '@trawling/runtime';
import { PublisherEnv } from '@trawling/status-publisher';
import { z } from 'zod';

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });

/** `id:base64[,id:base64]`, 32 bytes each; the first is the one that new values are wrapped with. */
export const MasterKeys = z.string().superRefine((text, context) => {
  try {
    parseMasterKeys(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'not id:base64' });
  }
});

/** Read once, by main.ts. */
export const Env = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(4100).describe('Port of the API'),
  HOST: z.string().default('127.0.0.1').describe('Address to listen on'),
  INTERNAL_PORT: z.coerce.number().int().min(0).max(65_535).default(4101).describe('Port of the internal listener: /healthz, /readyz, /status, /capabilities and /metrics'),
  INTERNAL_HOST: z.string().default('127.0.0.1').describe('Address of the internal listener, which asks nobody for a key'),
  DATABASE_URL: postgresUrl.describe('Postgres, as role trawling_control_plane'),
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional().describe('Redis for the queue; without it the queue is in Postgres'),
  MASTER_KEYS: MasterKeys.describe('Keys that secrets are wrapped with: id:base64, the current one first'),
  CONFIG_VERSIONS_KEPT: z.coerce.number().int().min(2).max(10_000).default(50).describe('Newest config versions kept of each bot, besides what it should run, runs and last ran well'),
  EVENTS_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(30).describe('Days for which results of jobs and comings and goings are kept; trades, notes and security events stay'),
  INSTANCES_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(7).describe('Days for which services that are offline, and the history of statuses, stay in the directory'),
  METRICS_RETENTION_DAYS: z.coerce.number().int().min(1).max(3_650).default(30).describe('Days for which metrics are kept'),
  ...PublisherEnv.shape,
  LOG_LEVEL: LogLevel.default('info').describe('trace, debug, info, warn, error, fatal or silent'),
});
export type Env = z.output<typeof Env>;

/** What the admin command line reads. */
export const AdminEnv = Env.pick({ DATABASE_URL: true, MASTER_KEYS: true });
