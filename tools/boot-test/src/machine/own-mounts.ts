import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Readable, type Writable } from 'node:stream';
import { runProgram } from '../run-program.js';

/** Runs a script in a mount namespace of its own; its pid stays the script's, and what that becomes with `exec`. */
export function spawnWithOwnMounts(script: readonly string[]): ChildProcessByStdio<Writable, Readable, Readable> {
  return spawn('unshare', ['--mount', 'bash', ...script], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
}

/** Ends every process of a machine, whatever state it is in, and removes its cgroup. */
export async function endCgroup(scripts: string, name: string): Promise<void> {
  await runProgram('unshare', ['--mount', 'bash', join(scripts, 'end-cgroup.sh'), name]);
}
