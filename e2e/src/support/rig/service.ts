import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export type Service = {
  start: () => Promise<void>;
  /** kill -9, and its end awaited. */
  kill: () => Promise<void>;
  /** SIGTERM; resolves with how long it took, in milliseconds, and how it ended. */
  stop: () => Promise<{ tookMs: number; exit: number | NodeJS.Signals | null }>;
};

export type ServiceOptions = { script: string; env: Record<string, string>; logFile: string; readyUrl: string };

/** One of our servers as a process of its own on a port that stays the same, to be killed and started again. */
export function createService({ script, env, logFile, readyUrl }: ServiceOptions): Service {
  let child: ChildProcess | null = null;

  const end = async (signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> => {
    const victim = child;
    child = null;
    if (!victim || victim.exitCode !== null || victim.signalCode !== null) return null;
    const ended = new Promise<number | NodeJS.Signals | null>((resolve) => victim.once('exit', (code, by) => resolve(code ?? by)));
    victim.kill(signal);
    return ended;
  };

  return {
    async start() {
      const log = openSync(logFile, 'a', 0o600);
      const started = spawn(process.execPath, [script], { env: { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', ...env }, stdio: ['ignore', log, log] });
      closeSync(log);
      child = started;
      await until(async () => started.exitCode !== null || (await answersOk(readyUrl)), { timeoutMs: 60_000, message: `not ready: ${logFile}` });
      if (started.exitCode !== null) throw new Error(`ended with ${started.exitCode}: ${logFile}`);
    },
    kill: async () => void (await end('SIGKILL')),
    stop: async () => {
      const since = systemClock.monotonicMs();
      const exit = await end('SIGTERM');
      return { exit, tookMs: systemClock.monotonicMs() - since };
    },
  };
}

async function answersOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}
