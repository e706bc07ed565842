import { LogLevel } from '@trawling/runtime';
import { PublisherEnv } from '@trawling/status-publisher';
import { z } from 'zod';

/** What the agent is told by its environment; everything about the machine is in machine.json. */
export const Env = z.object({
  LOG_LEVEL: LogLevel.default('info').describe('trace, debug, info, warn, error, fatal or silent.'),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin').describe('Where the OpenClaw command line finds programs.'),
  BOT_MACHINE_DIR: z.string().optional().describe('For the command `report`: the folder of machine.json, when it is not the folder of this program.'),
  STATUS_PORT: z.coerce.number().int().min(0).max(65_535).default(0).describe('Loopback port of /status, /readyz and /metrics; 0: any free one, told in shared/status.json.'),
  ...PublisherEnv.shape,
});
export type Env = z.output<typeof Env>;
