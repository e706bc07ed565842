import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** A process that a later program can recognise: ids are reused, a pair of id and start time is not. */
export type ProcessIdentity = { pid: number; started: string };

const linux = process.platform === 'linux';

const ps = (...args: string[]): string => {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 64 * 2 ** 20 });
  } catch {
    return '';
  }
};

/** State letter, parent and start time; null when there is no such process, or only its zombie. */
function readProcess(pid: number): { parent: number; started: string } | null {
  if (!linux) {
    const [, state, parent, started] = /^\s*(\S+)\s+(\d+)\s+(.+?)\s*$/.exec(ps('-o', 'stat=,ppid=,lstart=', '-p', String(pid))) ?? [];
    return started && !state?.startsWith('Z') ? { parent: Number(parent), started } : null;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command in parentheses may hold spaces; state is field 3, ppid 4, starttime 22 (man proc_pid_stat).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : { parent: Number(fields[1]), started: fields[19] ?? '' };
  } catch {
    return null;
  }
}

/** Who runs under this id now; null when nobody does. */
export function identify(pid: number): ProcessIdentity | null {
  const found = readProcess(pid);
  return found && { pid, started: found.started };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

export function parentOf(pid: number): number | null {
  return readProcess(pid)?.parent ?? null;
}

export function commandLine(pid: number): string[] {
  if (!linux) return ps('-ww', '-o', 'command=', '-p', String(pid)).trim().split(' ');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

/**
 * Processes whose environment at their start had an entry for which `isMarker` holds, such as `TRAWLING_STATE=…`.
 * Children inherit it, also those that left their process group. Sees only what this user may look into.
 */
export function findByMarker(isMarker: (entry: string) => boolean): ProcessIdentity[] {
  const found = linux
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .filter((name) => environmentOf(name).some(isMarker))
        .map(Number)
    : ps('-axwwE', '-o', 'pid=,command=')
        .split('\n')
        .map((line) => line.trim().split(' '))
        .filter(([, ...words]) => words.some(isMarker))
        .map(([pid]) => Number(pid));
  return found.flatMap((pid) => identify(pid) ?? []);
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // gone, or someone else's
  }
}

/** Sends the signal if that process is still the one we mean. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch {
    // It ended in between.
  }
}
