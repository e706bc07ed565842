import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, copyFileSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { untilGone } from './end-with-tests.js';
import { openclawRuntime } from './openclaw-runtime.js';

export interface AgentProcess {
  start(): void;
  /** Resolves when it is gone. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  running(): boolean;
  log(): Promise<string>;
}

const PROJECT = resolve(__dirname, '../..');

/** Bundles the agent as it is shipped: one file. */
export function buildAgent(): string {
  execFileSync(process.execPath, [resolve(PROJECT, '../../tools/build-services.mjs')], { stdio: 'pipe' });
  return join(PROJECT, 'dist/main.js');
}

/** The bundled agent on a machine's directory, run by OpenClaw's own Node as in production. */
export function agentProcess(machineDir: string, bundle: string): AgentProcess {
  const agentFile = join(machineDir, 'agent.js');
  const logFile = join(machineDir, 'agent.log');
  copyFileSync(bundle, agentFile);
  let child: ChildProcess | null = null;
  let gone: Promise<number | null> = Promise.resolve(null);

  return {
    start: () => {
      const log = openSync(logFile, 'a');
      const started = spawn(openclawRuntime().node, [agentFile, 'run', '--machine', join(machineDir, 'machine.json')], {
        cwd: machineDir,
        stdio: ['ignore', log, log],
        env: { PATH: process.env['PATH'], LOG_LEVEL: 'debug' },
      });
      closeSync(log);
      child = started;
      gone = untilGone(started);
    },
    end: (signal) => {
      child?.kill(signal);
      return gone;
    },
    running: () => child !== null && child.exitCode === null && child.signalCode === null,
    log: () => readFile(logFile, 'utf8').catch(() => ''),
  };
}
