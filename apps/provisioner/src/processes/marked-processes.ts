import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { identify, type ProcessIdentity } from './process-identity.js';

/** Environment variable that every process of a machine inherits: `<installation>/<bot>/<generation>`. */
export const MACHINE_MARKER = 'TRAWLING_MACHINE';
/** Which of the supervisor's children a process is or descends from. */
export const ROLE_MARKER = 'TRAWLING_PROCESS';

export type MarkedProcess = ProcessIdentity & { machine: string; role: string | null };

export type MarkerFilter = { machine?: string; role?: string };

/**
 * Every process of this user that carries the marker, wherever it has moved in the process tree: OpenClaw starts
 * helpers in sessions of their own and its jobs may detach, so neither groups nor parents find them all.
 */
export async function findMarked(filter: MarkerFilter = {}): Promise<MarkedProcess[]> {
  const found = process.platform === 'linux' ? await scanProc() : await scanPs();
  return found.filter(
    (one) =>
      (filter.machine === undefined || one.machine === filter.machine) &&
      (filter.role === undefined || one.role === filter.role),
  );
}

async function scanProc(): Promise<MarkedProcess[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: MarkedProcess[] = [];
  for (const pid of pids) {
    // Identity first: if the id changes hands in between, the start time no longer fits and nothing is killed.
    const identity = await identify(pid);
    if (!identity) continue;
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const marked = readMarkers(environment.split('\0'));
    if (marked) found.push({ ...identity, ...marked });
  }
  return found;
}

/** macOS: `ps -E` appends the environment of the caller's own processes to the command. */
async function scanPs(): Promise<MarkedProcess[]> {
  const { stdout } = await promisify(execFile)('ps', ['-axEww', '-o', 'pid=,stat=,lstart=,command='], {
    maxBuffer: 64 * 1024 * 1024,
  });
  return parsePs(stdout);
}

export function parsePs(listing: string): MarkedProcess[] {
  return listing.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\d+\s+[\d:]+\s+\d{4})\s+(.*)$/.exec(line);
    if (!match) return [];
    const [, pid, state, started, command] = match;
    if (pid === undefined || started === undefined || command === undefined || state?.startsWith('Z')) return [];
    const marked = readMarkers(command.split(' '));
    return marked ? [{ pid: Number(pid), started, ...marked }] : [];
  });
}

function readMarkers(variables: string[]): { machine: string; role: string | null } | null {
  const valueOf = (name: string): string | undefined =>
    variables.find((variable) => variable.startsWith(`${name}=`))?.slice(name.length + 1);
  const machine = valueOf(MACHINE_MARKER);
  return machine === undefined || machine === '' ? null : { machine, role: valueOf(ROLE_MARKER) ?? null };
}
