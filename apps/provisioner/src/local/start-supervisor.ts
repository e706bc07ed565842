import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_FILES } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { isLocked } from '../processes/file-lock.js';
import { MACHINE_MARKER, ROLE_MARKER } from '../processes/marked-processes.js';
import { childEnvironment } from '../supervisor/child-environment.js';
import { machineMarker, readMachineSpec, supervisorLock } from './machine-folder.js';

export type StartSupervisorDeps = {
  clock: Clock;
  /** The bundled supervisor. */
  supervisorFile: string;
  environment: Record<string, string | undefined>;
};

const UP_WITHIN_MS = 5_000;

/**
 * Starts the machine's supervisor in a session of its own, so that it outlives whoever starts it; returns when it holds
 * its lock. With one that runs already nothing happens.
 */
export async function startSupervisor(deps: StartSupervisorDeps, machinePath: string): Promise<void> {
  const lock = supervisorLock(machinePath);
  if (await isLocked(lock)) return;
  const spec = await readMachineSpec(machinePath);
  const marker = machineMarker({ installationId: spec.installation_id, botId: spec.bot_id, generation: spec.generation });
  const logs = join(machinePath, MACHINE_FILES.logs);
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const log = openSync(join(logs, 'supervisor.log'), 'a', 0o600);
  const ended = new AbortController();
  try {
    const child = spawn(process.execPath, [deps.supervisorFile, 'run', machinePath], {
      cwd: machinePath,
      detached: true,
      stdio: ['ignore', log, log],
      env: childEnvironment(deps.environment, { HOME: machinePath, [MACHINE_MARKER]: marker, [ROLE_MARKER]: 'supervisor' }),
    });
    child.once('exit', () => ended.abort());
    child.once('error', () => ended.abort());
    child.unref();
  } finally {
    closeSync(log);
  }
  const deadline = deps.clock.monotonicMs() + UP_WITHIN_MS;
  while (!ended.signal.aborted && deps.clock.monotonicMs() < deadline && !(await isLocked(lock))) {
    await deps.clock.sleep(50, ended.signal);
  }
}
