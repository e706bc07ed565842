import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';

/** Sockets of ten thousand bots with a stream each, and some room. */
const FILES_NEEDED = 12_000;
/** f_type of tmpfs and ramfs (linux/magic.h): fsync costs nothing there. */
const MEMORY_FILE_SYSTEMS = new Set([0x01021994, 0x858458f6]);

/** Throws one sentence on what to do when this machine cannot show what the benchmark is about. */
export function checkMachine(input: { dataFolder: string; bots: number }): void {
  const files = openFileLimit();
  const needed = Math.ceil((FILES_NEEDED * input.bots) / 10_000);
  if (files < needed) throw new Error(`A process may open ${files} files here, and ${needed} are needed: run "ulimit -n ${needed}" first, or fewer --bots`);
  if (MEMORY_FILE_SYSTEMS.has(statfsSync(input.dataFolder).type)) {
    throw new Error(`${input.dataFolder} is in memory, where fsync costs nothing: choose a folder on a disk with --data`);
  }
}

/** Of the processes started from here. */
export function openFileLimit(): number {
  const text = execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return text === 'unlimited' ? Infinity : Number(text);
}
