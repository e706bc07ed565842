import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_FILES, type MachineSpec } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { DESTROYING, machineMarker, readMachineSpec, supervisorLock } from '../local/machine-folder.js';
import { endMarked } from '../processes/end-processes.js';
import { tryLock } from '../processes/file-lock.js';
import { identify } from '../processes/process-identity.js';
import { boundLogs } from './bound-logs.js';
import { fetchAgent } from './fetch-agent.js';
import { keepRunning, type RestartTimings } from './keep-running.js';
import { agentChild, gatewayChild } from './machine-children.js';
import { prepareOpenclaw } from './prepare-openclaw.js';
import { IDLE_CHILD, readSupervisorStatus, writeSupervisorStatus, type ChildStatus, type SupervisorStatus } from './supervisor-file.js';

export type SupervisorDeps = {
  clock: Clock;
  random: () => number;
  logger: Logger;
  fetch: typeof fetch;
  timings: RestartTimings;
  /** The environment this process was started with; children get a few names of it. */
  environment: Record<string, string | undefined>;
};

export type SupervisorOutcome = 'stopped' | 'already_running' | 'being_destroyed';

const LOOK_EVERY_MS = 250;

/**
 * Runs one machine until `signal` aborts or its folder is gone: fetches and checks the agent, keeps agent and gateway
 * running, and at the end leaves no process of the machine. Only one at a time can: another ends at once.
 */
export async function runSupervisor(deps: SupervisorDeps, machinePath: string, signal: AbortSignal): Promise<SupervisorOutcome> {
  if (existsSync(join(machinePath, DESTROYING))) return 'being_destroyed';
  const spec = await readMachineSpec(machinePath);
  const lock = await tryLock(supervisorLock(machinePath));
  if (!lock) return 'already_running';
  const ending = new AbortController();
  const combined = AbortSignal.any([signal, ending.signal]);
  try {
    const background = [
      stopWhenFolderIsGone(deps.clock, machinePath, ending),
      boundLogs(deps.clock, ['supervisor.log', 'agent.log', 'gateway.log'].map((name) => join(machinePath, MACHINE_FILES.logs, name)), combined),
    ];
    await superviseMachine(deps, { path: machinePath, spec }, combined);
    ending.abort();
    await Promise.all(background);
    return 'stopped';
  } finally {
    ending.abort();
    await lock.release();
  }
}

async function superviseMachine(deps: SupervisorDeps, machine: { path: string; spec: MachineSpec }, signal: AbortSignal): Promise<void> {
  const { clock } = deps;
  const { path, spec } = machine;
  const self = await identify(process.pid);
  if (!self) throw new Error('The supervisor cannot find its own start time');
  const marker = machineMarker({ installationId: spec.installation_id, botId: spec.bot_id, generation: spec.generation });
  const previous = await readSupervisorStatus(path);
  const record = createRecord(clock, path, {
    process: self,
    state: 'starting',
    reason: 'starting',
    agent: leftBehind(previous?.agent),
    gateway: leftBehind(previous?.gateway),
    gateway_url: `ws://127.0.0.1:${spec.gateway_port}`,
    gateway_token_file: join(path, MACHINE_FILES.gatewayToken),
    restart_seen: previous?.restart_seen ?? '',
    updated_at: clock.now().toISOString(),
  });
  await prepareOpenclaw(path, spec);
  const agentFile = join(path, MACHINE_FILES.agentFile);
  const onTrouble = (reason: string): Promise<void> => record.change({ reason });
  const fetched = await fetchAgent(deps, { path: agentFile, syncAdapterUrl: spec.sync_adapter_url, sha256: spec.agent_sha256, onTrouble }, signal);
  if (fetched) {
    await record.change({ state: 'running', reason: 'running' });
    const context = { path, spec, marker, environment: deps.environment, clock };
    const onChange = (name: 'agent' | 'gateway') => (status: ChildStatus, restartSeen: string) =>
      record.change(name === 'gateway' ? { gateway: status, restart_seen: restartSeen } : { agent: status });
    await Promise.all([
      agentChild(context, previous).then((child) => keepRunning(deps, { ...child, onChange: onChange('agent') }, signal)),
      waitForEnrollment(clock, path, signal)
        .then(() => gatewayChild(context, previous, signal))
        .then((child) => keepRunning(deps, { ...child, onChange: onChange('gateway') }, signal)),
    ]);
  }
  await record.change({ state: 'stopping', reason: 'ending what is left of the machine' });
  const left = await endMarked(clock, { machine: marker }, { graceMs: 1_000, timeoutMs: 15_000, except: [process.pid] });
  if (left.length > 0) deps.logger.error({ pids: left.map((one) => one.pid) }, 'processes of this machine do not end');
  await record.change({ state: 'stopped', reason: 'stopped' });
}

/** Its process stays on record: should this supervisor be killed too, the next one still finds it. */
const leftBehind = (child: ChildStatus | undefined): ChildStatus =>
  child ? { ...child, state: 'waiting', reason: 'looking for what a former supervisor left' } : IDLE_CHILD;

/** The gateway runs nothing of a bot that is not enrolled: it starts when the agent's credential is there. */
async function waitForEnrollment(clock: Clock, path: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !existsSync(join(path, MACHINE_FILES.credential))) await clock.sleep(LOOK_EVERY_MS, signal);
}

/** Someone who removes the folder wants the machine gone; without this its processes would run on unseen. */
async function stopWhenFolderIsGone(clock: Clock, path: string, ending: AbortController): Promise<void> {
  while (!ending.signal.aborted) {
    await clock.sleep(1_000, ending.signal);
    if (!existsSync(join(path, MACHINE_FILES.spec))) ending.abort();
  }
}

/** The status file, changed by both children at once: writes follow one another, the newest wins. */
function createRecord(clock: Clock, path: string, initial: SupervisorStatus) {
  let status = initial;
  let writing: Promise<void> = Promise.resolve();
  return {
    change(part: Partial<SupervisorStatus>): Promise<void> {
      status = { ...status, ...part, updated_at: clock.now().toISOString() };
      writing = writing.then(async () => {
        // The folder may be gone already; then nobody reads it either.
        if (existsSync(join(path, MACHINE_FILES.spec))) await writeSupervisorStatus(path, status);
      });
      return writing;
    },
  };
}
