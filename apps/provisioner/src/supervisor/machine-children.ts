import { join } from 'node:path';
import { gatewayEnvironment, MACHINE_FILES, type MachineSpec } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { MACHINE_MARKER, ROLE_MARKER } from '../processes/marked-processes.js';
import { isAlive, type ProcessIdentity } from '../processes/process-identity.js';
import { childEnvironment } from './child-environment.js';
import { fileSignature } from './file-signature.js';
import { waitUntilAlive } from './gateway-health.js';
import { type KeepRunningInput } from './keep-running.js';
import { type SupervisorStatus } from './supervisor-file.js';

export type ChildContext = {
  path: string;
  spec: MachineSpec;
  /** Value of the machine marker. */
  marker: string;
  environment: Record<string, string | undefined>;
  clock: Clock;
};

type Child = Omit<KeepRunningInput, 'onChange'>;

/** The gateway's exit code for a configuration it refuses: starting it again changes nothing (EX_CONFIG). */
const EXIT_CONFIG = 78;
/** A gateway that was just starting when its supervisor was killed gets this long to say it is alive. */
const ADOPT_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 250;

export async function agentChild(context: ChildContext, previous: SupervisorStatus | null): Promise<Child> {
  const { path } = context;
  const args = [join(path, MACHINE_FILES.agentFile), 'run', '--machine', join(path, MACHINE_FILES.spec)];
  return {
    ...shared(context, 'agent', { args, env: {} }),
    adopt: await stillRunning(previous?.agent.process),
    restartRequest: () => '',
    restartSeen: '',
  };
}

export async function gatewayChild(context: ChildContext, previous: SupervisorStatus | null, signal: AbortSignal): Promise<Child> {
  const { path, spec, clock } = context;
  const config = join(path, MACHINE_FILES.openclawConfig);
  const restartRequest = (): string => fileSignature(join(path, MACHINE_FILES.restartGateway));
  const running = await stillRunning(previous?.gateway.process);
  const fit = running !== null && (await waitUntilAlive(clock, { process: running, port: spec.gateway_port, timeoutMs: ADOPT_WITHIN_MS }, signal));
  const env = { ...spec.gateway_env, ...gatewayEnvironment(path) };
  const args = [spec.openclaw.openclaw_mjs, 'gateway', 'run', '--port', String(spec.gateway_port), '--bind', 'loopback'];
  return {
    ...shared(context, 'gateway', { args, env }),
    adopt: fit ? running : null,
    restartRequest,
    restartSeen: fit ? (previous?.restart_seen ?? restartRequest()) : restartRequest(),
    holdAfter: (exit) => {
      if (exit.code !== EXIT_CONFIG) return null;
      const refused = fileSignature(config);
      return {
        reason: 'OpenClaw refuses its configuration (exit code 78); waiting for the agent to repair it',
        until: async (stopped) => {
          while (!stopped.aborted && fileSignature(config) === refused) await clock.sleep(LOOK_EVERY_MS, stopped);
        },
      };
    },
  };
}

function shared(
  context: ChildContext,
  role: 'agent' | 'gateway',
  input: { args: string[]; env: Record<string, string> },
): Pick<Child, 'name' | 'command' | 'logFile' | 'markers'> {
  const { path, spec, marker, environment } = context;
  return {
    name: role,
    command: {
      file: spec.openclaw.node,
      args: input.args,
      cwd: join(path, MACHINE_FILES.workspace),
      env: childEnvironment(environment, { HOME: path, ...input.env, [MACHINE_MARKER]: marker, [ROLE_MARKER]: role }),
    },
    logFile: join(path, MACHINE_FILES.logs, `${role}.log`),
    markers: { machine: marker, role },
  };
}

async function stillRunning(identity: ProcessIdentity | null | undefined): Promise<ProcessIdentity | null> {
  return identity && (await isAlive(identity)) ? identity : null;
}
