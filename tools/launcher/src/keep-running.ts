import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { backoffMs, systemClock } from '@trawling/runtime';
import { lastLines } from './log-tail.js';
import { commandLine, findByMarker, identify, isAlive, signalProcess, type ProcessIdentity } from './process-table.js';
import { type ProcessRecord, type Records } from './records.js';
import { type Terminal } from './terminal.js';
import { type Bounds, waitFor } from './wait.js';

export type ProcessPlan = {
  name: string;
  /** The program, run by this same Node. */
  script: string;
  args?: string[];
  env: Record<string, string>;
  log: string;
  /** Answers 200 when the process is ready to work. */
  readyUrl: string;
};

export type KeptProcess = {
  name: string;
  /** True when it already ran and was taken over. */
  adopted: boolean;
  ready: (bounds: Bounds) => Promise<void>;
  /** SIGTERM, then SIGKILL after `patienceMs`. It is not started again. */
  stop: (patienceMs: number) => Promise<void>;
};

export type KeepRunningDeps = {
  records: Records;
  terminal: Terminal;
  /** `TRAWLING_STATE=<state folder>`: in the environment of everything this installation runs. */
  marker: string;
  /** What of the caller's environment the processes get. */
  baseEnv: Record<string, string>;
};

/** Milliseconds after which a process that ran counts as healthy again, so that its next restart is quick. */
const STEADY_MS = 60_000;

/**
 * Takes over the process when it still runs, is healthy and the same build; else starts it. Starts it again, with
 * backoff, whenever it dies. The process is detached: it outlives a killed launcher, and Ctrl-C in the terminal
 * does not reach it.
 */
export async function keepRunning(plan: ProcessPlan, deps: KeepRunningDeps): Promise<KeptProcess> {
  const build = buildOf(plan);
  const stopping = new AbortController();
  const known = deps.records.get(plan.name);
  const adopted = known && isAlive(known) && known.build === build && (await answers(plan.readyUrl, 5_000)) ? known : null;
  if (!adopted) await stopOthers(plan, known, deps.marker);
  let current: ProcessIdentity = adopted ?? start(plan, build, deps);

  const watching = (async () => {
    let failures = 0;
    let since = systemClock.monotonicMs();
    while (!stopping.signal.aborted) {
      await systemClock.sleep(200, stopping.signal);
      if (stopping.signal.aborted || isAlive(current)) continue;
      failures = systemClock.monotonicMs() - since > STEADY_MS ? 0 : failures;
      const pauseMs = backoffMs({ attempt: failures, baseMs: 500, maxMs: 30_000, random: Math.random });
      deps.terminal.say(`${plan.name} ended; starting it again in ${(pauseMs / 1000).toFixed(1)} s (${plan.log})`);
      await systemClock.sleep(pauseMs, stopping.signal);
      if (stopping.signal.aborted) return;
      failures += 1;
      since = systemClock.monotonicMs();
      current = start(plan, build, deps);
    }
  })();

  return {
    name: plan.name,
    adopted: adopted !== null,
    ready: (bounds) =>
      waitFor(bounds, `${plan.name} to get ready`, async () => ((await answers(plan.readyUrl, 2_000)) ? true : null), {
        everyMs: 100,
        describe: () => `its log ends with: ${lastLines(plan.log, 3)} (${plan.log})`,
      }).then(() => undefined),
    stop: async (patienceMs) => {
      stopping.abort();
      await watching;
      await end([current], patienceMs);
      deps.records.remove(plan.name);
    },
  };
}

/** Ends processes: politely, then not. Resolves when they are gone. */
export async function end(processes: ProcessIdentity[], patienceMs: number): Promise<void> {
  const left = (): ProcessIdentity[] => processes.filter(isAlive);
  const gone = async (ms: number): Promise<void> => {
    const giveUpAt = systemClock.monotonicMs() + ms;
    while (left().length > 0 && systemClock.monotonicMs() < giveUpAt) await systemClock.sleep(25);
  };
  for (const process of left()) signalProcess(process, 'SIGTERM');
  await gone(patienceMs);
  for (const process of left()) signalProcess(process, 'SIGKILL');
  await gone(2_000);
}

/** Also what a killed launcher started but had no time to record. */
async function stopOthers(plan: ProcessPlan, known: ProcessRecord | null, marker: string): Promise<void> {
  const strays = findByMarker((entry) => entry === marker).filter(({ pid }) => commandLine(pid)[1] === plan.script);
  await end([...(known ? [known] : []), ...strays], 5_000);
}

function start(plan: ProcessPlan, build: string, deps: KeepRunningDeps): ProcessIdentity {
  const log = openSync(plan.log, 'a', 0o600);
  const [key = '', ...value] = deps.marker.split('=');
  try {
    const child = spawn(process.execPath, [plan.script, ...(plan.args ?? [])], {
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...deps.baseEnv, ...plan.env, [key]: value.join('=') },
    });
    child.on('error', (error) => deps.terminal.say(`${plan.name} could not be started: ${error.message}`));
    child.unref();
    const identity = child.pid === undefined ? null : identify(child.pid);
    if (!identity) throw new Error(`${plan.name} could not be started: ${lastLines(plan.log, 3)} (${plan.log})`);
    deps.records.put({ name: plan.name, ...identity, build, log: plan.log });
    return identity;
  } finally {
    closeSync(log);
  }
}

/** Program and settings. The caller's environment is left out: another terminal is not another build. */
function buildOf(plan: ProcessPlan): string {
  const settings = JSON.stringify([plan.args ?? [], Object.entries(plan.env).sort()]);
  return createHash('sha256').update(readFileSync(plan.script)).update('\0').update(settings).digest('hex');
}

async function answers(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
