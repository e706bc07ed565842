import { systemClock } from '@trawling/runtime';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { usageOf, type Usage } from './process-usage.js';

export type RunningServer = { name: string; url: string; pid: number; usage: () => Usage | null; stop: () => Promise<void> };

const START_MS = 30_000;
const STOP_MS = 12_000;

const Line = z.object({ msg: z.literal('listening'), url: z.url() });

/** Starts a server of ours in a process of its own; it says its address in its log. */
export async function startServer(input: {
  name: string;
  node: string;
  script: string;
  args?: readonly string[];
  env: Record<string, string>;
  logFile: string;
}): Promise<RunningServer> {
  const log = openSync(input.logFile, 'w', 0o600);
  const env = { PATH: process.env['PATH'] ?? '', NODE_ENV: 'production', PORT: '0', INTERNAL_PORT: '0', ...input.env };
  const child = spawn(input.node, [input.script, ...(input.args ?? [])], { env, stdio: ['ignore', log, log] });
  closeSync(log);
  let isOver = false;
  const over = new Promise<void>((resolve) => child.once('close', () => ((isOver = true), resolve())));
  child.once('error', () => (isOver = true));
  const pid = child.pid ?? -1;
  const stop = async (): Promise<void> => {
    if (isOver) return;
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await over;
    clearTimeout(killing);
  };
  const giveUpAt = systemClock.monotonicMs() + START_MS;
  for (;;) {
    const url = addressIn(input.logFile);
    if (url !== null) return { name: input.name, url, pid, usage: () => usageOf(pid), stop };
    if (isOver || systemClock.monotonicMs() > giveUpAt) {
      await stop();
      throw new Error(`${input.name} did not start: ${readFileSync(input.logFile, 'utf8').slice(-2000)}`);
    }
    await systemClock.sleep(20);
  }
}

function addressIn(logFile: string): string | null {
  for (const line of readFileSync(logFile, 'utf8').split('\n')) {
    try {
      return Line.parse(JSON.parse(line)).url;
    } catch {
      // another line
    }
  }
  return null;
}
