import { z } from 'zod';

/** The other half of apps/provisioner/src/testing/held-worker/protocol.ts. */
export const Report = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready') }),
  z.object({ kind: z.literal('opened') }),
  z.object({ kind: z.literal('held'), hold: z.int(), step: z.string(), untilMs: z.number().nullable() }),
  z.object({ kind: z.literal('gone_on'), hold: z.int() }),
  z.object({ kind: z.literal('wanted'), botId: z.string() }),
  z.object({ kind: z.literal('log'), line: z.string() }),
  z.object({ kind: z.literal('done'), task: z.int(), outcome: z.string() }),
]);
export type Report = z.infer<typeof Report>;

export type Job = { kind: 'reconcile'; botId: string } | { kind: 'sweep' };

export type WorkerSettings = { databaseUrl: string; cloudUrl: string; clockFile: string; skewMs: number; installationId: string; settleMs?: number };

export type Command =
  | { kind: 'open'; settings: WorkerSettings }
  | { kind: 'run'; task: number; job: Job }
  | { kind: 'go'; hold: number };
