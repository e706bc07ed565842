import { type FleetTally, type Hinted } from '@trawling/fleet-simulator';
import { z } from 'zod';

/** What the parent asks of the process that simulates the fleet. */
export const FleetCommand = z.discriminatedUnion('do', [
  z.object({
    do: z.literal('start'),
    url: z.url(),
    /** Path of a BenchFleet. */
    fleetFile: z.string(),
    mode: z.enum(['poll', 'long-poll', 'stream']),
    rampSeconds: z.number(),
    metricsSeconds: z.number(),
    waitSeconds: z.number(),
    lookWithinSeconds: z.number(),
    connections: z.union([z.literal('own'), z.int()]),
    startingAtOnce: z.int(),
    /** Which of the file's bots live in this process: every `of`-th, from `index` on. */
    share: z.object({ index: z.int(), of: z.int() }),
  }),
  /** Forget what was counted so far. */
  z.object({ do: z.literal('reset') }),
  z.object({ do: z.literal('report') }),
  z.object({ do: z.literal('stop') }),
]);
export type FleetCommand = z.infer<typeof FleetCommand>;

/** What one process answers to `report`. */
export type FleetReport = { tally: FleetTally; hinted: readonly Hinted[] };
