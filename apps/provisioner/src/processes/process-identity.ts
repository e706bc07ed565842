import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { z } from 'zod';
import { isErrorWithCode } from '@trawling/runtime';

/** A process id alone may be anyone's by now; with the start time it names one process for ever. */
export const ProcessIdentity = z.object({ pid: z.int().min(1), started: z.string().min(1) });
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/**
 * When `pid` started, as opaque text, or null when no such process runs. On Linux: boot id and clock ticks since
 * boot from /proc; elsewhere what ps says. A zombie counts as ended: nothing of it can run again.
 */
export async function startTime(pid: number): Promise<string | null> {
  return process.platform === 'linux' ? linuxStartTime(pid) : psStartTime(pid);
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await startTime(identity.pid)) === identity.started;
}

/** Identity of a process that runs now; null when it is gone already. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const started = await startTime(pid);
  return started === null ? null : { pid, started };
}

/** Sends `signal` unless the process is gone or its id belongs to another one. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (!isErrorWithCode(error, 'ESRCH')) throw error;
  }
}

function linuxStartTime(pid: number): string | null {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The name in brackets may hold spaces and brackets: the fields begin after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields[0], fields[19]];
  if (ticks === undefined || state === 'Z' || state === 'X') return null;
  return `${bootId()}:${ticks}`;
}

/** Ticks since boot repeat after a reboot; the boot id does not. */
const bootId = (): string => readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? 'unknown-boot';

function readProc(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

async function psStartTime(pid: number): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const [, state, started] = /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout) ?? [];
    return started === undefined || state?.startsWith('Z') ? null : started;
  } catch {
    return null;
  }
}
