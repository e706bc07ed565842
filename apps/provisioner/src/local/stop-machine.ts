import { type Clock } from '@trawling/runtime';
import { endMarked, waitUntilGone } from '../processes/end-processes.js';
import { lockHolder } from '../processes/file-lock.js';
import { type MarkedProcess } from '../processes/marked-processes.js';
import { signalProcess } from '../processes/process-identity.js';
import { supervisorLock } from './machine-folder.js';

/** The supervisor gives its children 7 s; what does not end in this time is ended without it. */
const SUPERVISOR_ENDS_WITHIN_MS = 9_000;

/**
 * Ends a machine's processes: its supervisor does it in order, and whatever still carries the marker is killed. Returns
 * what cannot be ended, which is normally nothing. Takes at most about 12 s, for a gateway at rest one to three.
 */
export async function stopMachine(clock: Clock, input: { path: string; marker: string }): Promise<MarkedProcess[]> {
  const supervisor = await lockHolder(supervisorLock(input.path));
  if (supervisor) {
    await signalProcess(supervisor, 'SIGTERM');
    await waitUntilGone(clock, supervisor, SUPERVISOR_ENDS_WITHIN_MS);
    await signalProcess(supervisor, 'SIGKILL');
  }
  return endMarked(clock, { machine: input.marker }, { graceMs: supervisor ? 0 : 1_000, timeoutMs: 5_000, except: [process.pid] });
}
