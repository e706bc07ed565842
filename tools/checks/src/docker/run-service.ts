import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { until } from '@trawling/runtime/testing';
import { type BuiltStage } from './build-stages.js';

export type RunningService = {
  /** Addresses its log names, in their order. */
  urls: (pattern: RegExp) => Promise<string[]>;
  log: () => string;
  /** As `docker stop`: SIGTERM; its exit code. */
  stop: () => Promise<number | null>;
};

/** Starts a container's process: its entrypoint and command, in its folder. */
export function runService(stage: BuiltStage, env: Record<string, string>): RunningService {
  const [program = '', ...args] = [...stage.entrypoint, ...stage.command];
  const child = spawn(program, args, { cwd: join(stage.root, stage.workdir), env: { ...env, ...stage.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (log += data.toString('utf8')));
  const ended = once(child, 'exit');
  return {
    log: () => log,
    urls: (pattern) =>
      until(
        () => {
          if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${log.slice(-2000)}`);
          const found = [...log.matchAll(pattern)].map((match) => match[1] ?? '');
          return found.length > 0 ? found : null;
        },
        { timeoutMs: 60_000 },
      ),
    stop: async () => {
      if (child.exitCode === null) child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    },
  };
}
