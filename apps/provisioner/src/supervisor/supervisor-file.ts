import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MACHINE_FILES } from '@trawling/contracts';
import { z } from 'zod';
import { replacePrivate } from '../local/machine-folder.js';
import { ProcessIdentity } from '../processes/process-identity.js';

/**
 * `waiting`: its turn has not come. `backoff`: it ended and starts again by itself. `held`: starting it again would
 * not help before something changes.
 */
export const ChildState = z.enum(['waiting', 'running', 'backoff', 'held', 'stopped']);

export const ChildStatus = z.object({
  state: ChildState,
  reason: z.string(),
  process: ProcessIdentity.nullable(),
  restarts: z.int(),
  last_exit: z.object({ code: z.int().nullable(), signal: z.string().nullable(), at: z.string() }).nullable(),
});
export type ChildStatus = z.infer<typeof ChildStatus>;

/** `supervisor.json`: what runs on this machine, for the driver, for people, and for the next supervisor. */
export const SupervisorStatus = z.object({
  process: ProcessIdentity,
  state: z.enum(['starting', 'running', 'stopping', 'stopped']),
  reason: z.string(),
  agent: ChildStatus,
  gateway: ChildStatus,
  gateway_url: z.string(),
  gateway_token_file: z.string(),
  /** The restart request that was last acted upon. */
  restart_seen: z.string(),
  updated_at: z.string(),
});
export type SupervisorStatus = z.infer<typeof SupervisorStatus>;

export const IDLE_CHILD: ChildStatus = { state: 'waiting', reason: 'not started yet', process: null, restarts: 0, last_exit: null };

/** Null when there is none or it cannot be read: its reader then goes by the processes alone. */
export async function readSupervisorStatus(machinePath: string): Promise<SupervisorStatus | null> {
  try {
    return SupervisorStatus.parse(JSON.parse(await readFile(join(machinePath, MACHINE_FILES.supervisor), 'utf8')));
  } catch {
    return null;
  }
}

export async function writeSupervisorStatus(machinePath: string, status: SupervisorStatus): Promise<void> {
  await replacePrivate(join(machinePath, MACHINE_FILES.supervisor), `${JSON.stringify(status, null, 2)}\n`);
}
