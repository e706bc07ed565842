import { AckError, BotConfigPayload, JsonObject, Sha256, Timestamp, WireVersion } from '@trawling/contracts';
import { z } from 'zod';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { openJsonFile } from './json-file.js';

/** Fence: what the agent may let the bot do while nobody could tell it to stop. */
export const Fence = z.enum(['none', 'exits_only', 'stop']);
export type Fence = z.infer<typeof Fence>;

/** Last known good: the newest config that was applied and found healthy here. Its raw file lies beside it. */
export const Applied = z.object({
  payload: BotConfigPayload,
  /** The OpenClaw settings rendered for it: what is managed, and what drift is compared with. */
  rendered: JsonObject,
  applied_at: Timestamp,
  /** OpenClaw's own revision hash after it; only good to see that something changed. */
  revision_hash: z.string().nullable(),
});
export type Applied = z.infer<typeof Applied>;

/** Files as they were, byte for byte. */
export const Base = z.object({ config: z.string().nullable(), secrets: z.string().nullable(), trading_params: z.string().nullable() });

/**
 * Journal of a change in progress. Written before the first step, removed after the last: an agent that starts and
 * finds one goes on with it.
 */
export const Attempt = z.object({
  payload: BotConfigPayload,
  started_at: Timestamp,
  /** How long it was tried for, in milliseconds, by a clock that does not jump and over restarts of the agent. */
  spent_ms: z.number().min(0).default(0),
  /** What ran before, byte for byte: what a failure puts back. */
  base: Base,
  /** Rendered settings of unfinished attempts this one took over from: what they set has to be removable. */
  superseded: z.array(JsonObject).default([]),
  /** Set once it is lost: what is left to do is to restore. */
  verdict: AckError.nullable().default(null),
});
export type Attempt = z.infer<typeof Attempt>;

/** A version that was applied and is still watched, with what it takes to take it back. */
export const Probation = z.object({ payload: BotConfigPayload, base: Base, previous: Applied.nullable() });
export type Probation = z.infer<typeof Probation>;

export const Progress = z.object({
  /** A version that failed; only another one is tried after it. */
  failed: z.object({ version: WireVersion, hash: Sha256 }).nullable().default(null),
  /** Jobs and files may not be what `applied` says (after a restore): bring them back without calling it drift. */
  unsettled: z.boolean().default(false),
  /** The fence that jobs and trading parameters were last brought in line with. */
  fence: Fence.default('none'),
  /** Heard that this machine no longer speaks for its bot. */
  gone: z.string().nullable().default(null),
});
export type Progress = z.infer<typeof Progress>;

export const Lease = z.object({ renewed_at: Timestamp });

/** Everything the agent has to know again after a restart. */
export async function openAgentState(host: Host, paths: MachinePaths) {
  const progress = await openJsonFile(host, paths.progress, Progress);
  return {
    applied: await openJsonFile(host, paths.applied, Applied),
    attempt: await openJsonFile(host, paths.attempt, Attempt),
    probation: await openJsonFile(host, paths.probation, Probation),
    lease: await openJsonFile(host, paths.lease, Lease),
    progress: () => progress.current() ?? Progress.parse({}),
    updateProgress: (change: Partial<Progress>) => progress.write({ ...Progress.parse(progress.current() ?? {}), ...change }),
    /** Raw bytes of the last known good openclaw.json. */
    readGoodConfig: () => host.readText(paths.appliedConfig),
    writeGoodConfig: (text: string) => host.writeAtomic(paths.appliedConfig, text),
  };
}
export type AgentState = Awaited<ReturnType<typeof openAgentState>>;
