import { LogLevel } from '@trawling/runtime';
import { PublisherEnv } from '@trawling/status-publisher';
import { z } from 'zod';

const Port = z.coerce.number().int().min(0).max(65_535);

/** Everything the sync-adapter is told by its environment. */
export const Env = z.object({
  PORT: Port.default(4200).describe('Port of the public listener: what bots talk to.'),
  INTERNAL_PORT: Port.default(4201).describe('Port of the internal listener: /healthz, /readyz, /status, /capabilities and /metrics.'),
  HOST: z.string().default('127.0.0.1').describe('Address the public listener binds to. Loopback unless told otherwise; TLS ends in front of it.'),
  INTERNAL_HOST: z.string().default('127.0.0.1').describe('Address of the internal listener, which asks nobody for a credential.'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).describe('Postgres under the role trawling_sync_adapter, connected directly: LISTEN needs a session.'),
  MAX_STREAMS: z.coerce.number().int().min(1).default(20_000).describe('WebSocket streams this replica carries; more are answered 503 and poll meanwhile.'),
  ...PublisherEnv.shape,
  LOG_LEVEL: LogLevel.default('info').describe('trace, debug, info, warn, error, fatal or silent.'),
});
export type Env = z.output<typeof Env>;
