import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Connection } from '@trawling/contracts';
import { findFreeBase } from '@trawling/launcher';
import { until } from '@trawling/runtime/testing';

export const checkout = resolve(__dirname, '..', '..', '..');

/** One `npm start`, as a person starts it. */
export type Launch = {
  pid: number;
  stdout: () => string;
  stderr: () => string;
  /** Exit code, or the signal's name. */
  ended: Promise<number | string>;
  /** What the terminal sends at Ctrl-C: to the whole foreground group. Nothing when it has ended already. */
  pressCtrlC: () => void;
  kill: (signal: NodeJS.Signals) => void;
};

/** The environment of a terminal of its own, whatever runs these tests; no LLM key, so that no real one is called. */
function environment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(?:NX_|npm_(?!config_)|JEST_|NODE_ENV$|INIT_CWD$|TRAWLING_|(?:OPENAI|ANTHROPIC)_API_KEY$|DATABASE_URL$|REDIS_URL$)/.test(name),
  );
  return Object.fromEntries(inherited);
}

/** A free block of ports; from a random place on, so that two runs of these tests do not look at the same one. */
export const freePortBase = (from = 10_000 + 100 * Math.floor(Math.random() * 150)): Promise<number> => findFreeBase(from);

export function launch(args: string[], command = ['npm', 'start', '--silent', '--']): Launch {
  const [program = '', ...rest] = command;
  const child = spawn(program, [...rest, ...args], { cwd: checkout, env: environment(), detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (chunk: Buffer) => (text[name] += chunk.toString()));
  const pid = child.pid ?? -1;
  return {
    pid,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended: new Promise((done) => child.once('exit', (code, signal) => done(code ?? signal ?? 'unknown'))),
    pressCtrlC: () => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-pid, 'SIGINT');
    },
    kill: (signal) => void child.kill(signal),
  };
}

/** connection.json, as soon as everything is ready. Rejects with what the launcher said when it ends before. */
export async function readConnection(started: Launch, stateDir: string, timeoutMs = 400_000): Promise<Connection> {
  const file = join(stateDir, 'connection.json');
  let ended: number | string | null = null;
  void started.ended.then((how) => (ended = how));
  await until(() => existsSync(file) || ended !== null, { timeoutMs, intervalMs: 100, message: 'npm start did not get ready' });
  if (ended !== null) throw new Error(`npm start ended with ${ended}:\n${started.stdout()}\n${started.stderr()}`);
  return Connection.parse(JSON.parse(readFileSync(file, 'utf8')));
}
