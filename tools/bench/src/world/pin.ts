import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** The first core is the server's, the others are for the database and the load. */
export const SERVER_CORES = '0';
const otherCores = (): string => (cpus().length === 2 ? '1' : `1-${cpus().length - 1}`);

/** Binds a process, with all its threads, to the server's core or keeps it off it. False where that is not possible. */
export function pin(pid: number, to: 'server core' | 'other cores' | 'all cores'): boolean {
  if (cpus().length < 2) return false;
  const cores = to === 'server core' ? SERVER_CORES : to === 'other cores' ? otherCores() : `0-${cpus().length - 1}`;
  return spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' }).status === 0;
}
