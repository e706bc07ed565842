import { rmSync } from 'node:fs';
import { systemClock, type Opened } from '@trawling/runtime';
import { openFleet, type Fleet } from './fleet.js';
import { forceStop } from './force-stop.js';
import { readOrMakeInstallation } from './installation.js';
import { takeLock } from './lock.js';
import { type Options } from './options.js';
import { runDev } from './run-dev.js';
import { failedReport, runOnce, type OnceReport } from './run-once.js';
import { openStateDir, removeStateDir, type StateDir } from './state-dir.js';
import { type Terminal } from './terminal.js';
import { boundsOf, type Bounds } from './wait.js';

export type RunInput = {
  options: Options;
  root: string;
  stateDir: string;
  env: NodeJS.ProcessEnv;
  terminal: Terminal;
  /** Aborts when somebody asks to stop. */
  signal: AbortSignal;
  /** Told as soon as there is something that a second Ctrl-C would have to kill. */
  onState: (state: StateDir) => void;
};

/** Milliseconds after which stopping politely is over: Ctrl-C is done within 15 s. */
const STOP_MS = 11_500;

/** `--once`: brings everything up, walks, takes everything down, whatever happens. */
export async function once(input: RunInput): Promise<OnceReport> {
  // Installing and building happened in this process, before: the time-out bounds all of it.
  const bounds = boundsOf(Math.max(1, input.options.timeout - process.uptime()), input.signal);
  let report: OnceReport | null = null;
  try {
    await withFleet(input, bounds, async (fleet, state) => {
      report = await runOnce({ fleet, state, bots: input.options.bots, terminal: input.terminal, bounds });
    });
    return report ?? failedReport('the walk did not run');
  } catch (error) {
    return { ...(report ?? failedReport(error)), ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Without `--once`: brings everything up and keeps it up until somebody asks to stop. */
export async function dev(input: RunInput): Promise<void> {
  const bounds = boundsOf(input.options.timeout, input.signal);
  await withFleet(input, bounds, async (fleet, state) => {
    const { terminal, options } = input;
    const done = await runDev({ fleet, state, bots: options.bots, terminal, bounds });
    await new Promise<void>((resolve) => {
      if (input.signal.aborted) resolve();
      // The timer keeps the process alive: everything else it watches is detached.
      const idle = setInterval(() => undefined, 60_000);
      input.signal.addEventListener('abort', () => (clearInterval(idle), resolve()), { once: true });
    });
    done();
  });
}

async function withFleet(input: RunInput, bounds: Bounds, use: (fleet: Fleet, state: StateDir) => Promise<void>): Promise<void> {
  const { options, root, stateDir, env, terminal } = input;
  let state = openStateDir(stateDir);
  const release = await takeLock(state.lock, bounds);
  input.onState(state);
  // Of a launcher that was killed: whoever waits for this file waits for us now.
  rmSync(state.connection, { force: true });
  let releasePorts = (): void => undefined;
  try {
    if (options.fresh) state = await startAnew(state, bounds);
    const made = await readOrMakeInstallation({ state, portBase: options.portBase, env, terminal });
    releasePorts = made.releasePorts;
    terminal.say(`State: ${state.root}`);
    const fleet = await openFleet({ root, state, installation: made.installation, env, terminal, bounds });
    try {
      await use(fleet.value, state);
    } finally {
      await stopInTime(fleet, state, terminal);
    }
  } finally {
    releasePorts();
    release();
  }
}

/** Takes down what an earlier start left and empties the folder; only the lock, which is ours, is made again. */
async function startAnew(state: StateDir, bounds: Bounds): Promise<StateDir> {
  forceStop(state);
  await systemClock.sleep(500);
  removeStateDir(state.root);
  const fresh = openStateDir(state.root);
  await takeLock(fresh.lock, bounds);
  return fresh;
}

async function stopInTime(fleet: Opened<Fleet>, state: StateDir, terminal: Terminal): Promise<void> {
  terminal.say('Stopping …');
  const patience = new AbortController();
  const late = systemClock.sleep(STOP_MS, patience.signal).then(() => 'late' as const);
  const outcome = await Promise.race([fleet.stop().then(() => 'stopped' as const), late]);
  patience.abort();
  if (outcome === 'late') {
    terminal.say('Stopping took too long: the rest is killed.');
    forceStop(state);
    await systemClock.sleep(500);
  } else {
    terminal.say('Stopped.');
  }
}

