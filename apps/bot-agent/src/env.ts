import { LogLevel } from '@trawling/runtime';
import { z } from 'zod';

/** What the agent is told by its environment; everything about the machine is in machine.json. */
export const Env = z.object({
  LOG_LEVEL: LogLevel.default('info').describe('trace, debug, info, warn, error, fatal or silent.'),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin').describe('Where the OpenClaw command line finds programs.'),
  BOT_MACHINE_DIR: z.string().optional().describe('For the command `report`: the folder of machine.json, when it is not the folder of this program.'),
});
export type Env = z.output<typeof Env>;
