import { type OnStop, systemClock } from '@trawling/runtime';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

export type ServiceInput = { name: string; script: string; env: Record<string, string>; logFile: string; readyUrl: string };

const READY_WITHIN_MS = 60_000;

/** One of our servers as a process of its own, with nothing of our environment but the PATH; resolves when it is ready. */
export async function startService(onStop: OnStop, { name, script, env, logFile, readyUrl }: ServiceInput): Promise<void> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [script], {
    env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...env },
    stdio: ['ignore', log, log],
    detached: true, // Ctrl-C is ours to pass on, in order
  });
  closeSync(log);
  onStop(() => end(child), name);
  for (const deadline = systemClock.monotonicMs() + READY_WITHIN_MS; !(await answersOk(readyUrl)); await systemClock.sleep(50)) {
    if (child.exitCode !== null) throw new Error(`the ${name} ended with ${child.exitCode}: see ${logFile}`);
    if (systemClock.monotonicMs() > deadline) throw new Error(`the ${name} is not ready: see ${logFile}`);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = new AbortController();
  void systemClock.sleep(10_000, late.signal).then(() => child.kill('SIGKILL'));
  await ended;
  late.abort();
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
