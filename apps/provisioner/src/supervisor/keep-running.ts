import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { backoffMs, type Clock, type Logger } from '@trawling/runtime';
import { endMarked, endProcess } from '../processes/end-processes.js';
import { type MarkerFilter } from '../processes/marked-processes.js';
import { identify, isAlive, type ProcessIdentity } from '../processes/process-identity.js';
import { type ChildStatus } from './supervisor-file.js';

export type RestartTimings = {
  /** First and longest wait before starting again, in milliseconds. */
  baseMs: number;
  maxMs: number;
  /** Up this long, the next failure counts as the first. */
  stableMs: number;
  /** From SIGTERM to SIGKILL. */
  graceMs: number;
};

export const RESTART_TIMINGS: RestartTimings = { baseMs: 1_000, maxMs: 30_000, stableMs: 60_000, graceMs: 7_000 };

export type Exit = { code: number | null; signal: string | null };

export type KeepRunningDeps = { clock: Clock; random: () => number; logger: Logger; timings: RestartTimings };

export type KeepRunningInput = {
  name: string;
  command: { file: string; args: string[]; cwd: string; env: Record<string, string> };
  /** Standard output and error go straight into this file, so that the process outlives its supervisor. */
  logFile: string;
  /** Everything that descends from this child carries these markers. */
  markers: Required<MarkerFilter>;
  /** What a former supervisor left running and is fit to stay. */
  adopt: ProcessIdentity | null;
  /** Text that changes when a restart is asked for. */
  restartRequest: () => string;
  /** The request that is already satisfied. */
  restartSeen: string;
  /** For an exit after which starting again is no use: waits until it is, and says why. Null: just back off. */
  holdAfter?: (exit: Exit) => { reason: string; until: (signal: AbortSignal) => Promise<void> } | null;
  onChange: (status: ChildStatus, restartSeen: string) => Promise<void>;
};

const LOOK_EVERY_MS = 250;

/** Keeps one child running until `signal` aborts; then ends it and everything that descends from it. */
export async function keepRunning(deps: KeepRunningDeps, input: KeepRunningInput, signal: AbortSignal): Promise<void> {
  const { clock, logger, timings } = deps;
  let restarts = 0;
  let attempt = 0;
  let lastExit: ChildStatus['last_exit'] = null;
  let restartSeen = input.restartSeen;
  let adopted = input.adopt;
  const report = (state: ChildStatus['state'], reason: string, child: ProcessIdentity | null = null): Promise<void> =>
    input.onChange({ state, reason, process: child, restarts, last_exit: lastExit }, restartSeen);
  const isRestartAsked = (): boolean => input.restartRequest() !== restartSeen;

  while (!signal.aborted) {
    const begun = clock.monotonicMs();
    // Read before the start: a request that comes while it starts is not satisfied by it.
    if (!adopted) restartSeen = input.restartRequest();
    const child = adopted ? await watchAdopted(adopted) : await start(deps, input);
    logger.info({ child: input.name, pid: child.identity.pid, adopted: adopted !== null }, 'running');
    await report('running', adopted ? 'taken over from a former supervisor' : 'running', child.identity);
    adopted = null;

    let exit: Exit | null = null;
    while (!signal.aborted && !isRestartAsked() && !(exit = await child.poll())) await clock.sleep(LOOK_EVERY_MS, signal);
    if (signal.aborted) {
      await report('stopped', 'stopping', child.identity);
      await endProcess(clock, child.identity, timings.graceMs);
      break;
    }
    restarts += 1;
    if (!exit) {
      logger.info({ child: input.name }, 'restart asked for');
      await endProcess(clock, child.identity, timings.graceMs);
      attempt = 0;
      continue;
    }
    lastExit = { ...exit, at: clock.now().toISOString() };
    if (clock.monotonicMs() - begun >= timings.stableMs) attempt = 0;
    attempt = await pauseAfter(exit);
  }
  await endMarked(clock, input.markers, { graceMs: 1_000, timeoutMs: 10_000, except: [process.pid] });
  await report('stopped', 'stopped');

  async function pauseAfter(exit: Exit): Promise<number> {
    const hold = input.holdAfter?.(exit) ?? null;
    if (hold) {
      logger.warn({ child: input.name, exit }, hold.reason);
      await report('held', hold.reason);
      await Promise.race([hold.until(signal), untilRestartAsked()]);
      return 0;
    }
    const waitMs = backoffMs({ attempt, baseMs: timings.baseMs, maxMs: timings.maxMs, random: deps.random });
    const reason = `ended (${describe(exit)}); starting again in ${(waitMs / 1000).toFixed(1)} s`;
    logger.warn({ child: input.name, exit, attempt }, reason);
    await report('backoff', reason);
    const deadline = clock.monotonicMs() + waitMs;
    while (!signal.aborted && !isRestartAsked() && clock.monotonicMs() < deadline) await clock.sleep(LOOK_EVERY_MS, signal);
    return attempt + 1;
  }

  async function untilRestartAsked(): Promise<void> {
    while (!signal.aborted && !isRestartAsked()) await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

type Watched = { identity: ProcessIdentity; poll: () => Promise<Exit | null> };

/** Not our child, so nobody tells its exit code. */
async function watchAdopted(identity: ProcessIdentity): Promise<Watched> {
  return { identity, poll: async () => ((await isAlive(identity)) ? null : { code: null, signal: null }) };
}

/** Ends what is left of the one before, first: two gateways on one state folder must never be. */
async function start(deps: KeepRunningDeps, input: KeepRunningInput): Promise<Watched> {
  await endMarked(deps.clock, input.markers, { graceMs: 2_000, timeoutMs: 15_000, except: [process.pid] });
  const log = openSync(input.logFile, 'a', 0o600);
  try {
    const child = spawn(input.command.file, input.command.args, {
      cwd: input.command.cwd,
      env: input.command.env,
      stdio: ['ignore', log, log],
    });
    let exit: Exit | null = null;
    child.once('exit', (code, signal) => (exit = { code, signal }));
    child.once('error', () => (exit ??= { code: 127, signal: null }));
    const identity = child.pid === undefined ? null : await identify(child.pid);
    // Ended before it could be identified: its exit event is on its way.
    return { identity: identity ?? { pid: child.pid ?? 2 ** 31 - 1, started: 'never' }, poll: async () => exit };
  } finally {
    closeSync(log);
  }
}

const describe = (exit: Exit): string =>
  exit.signal ? `signal ${exit.signal}` : exit.code === null ? 'unseen' : `code ${exit.code}`;
