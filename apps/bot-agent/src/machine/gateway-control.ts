import { type MachineSpec } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { z } from 'zod';
import { type Host } from '../host.js';
import { type MachinePaths } from './machine-paths.js';

/** What the agent can do to the gateway's process. */
export interface GatewayControl {
  /** Asks for a start, or for another one; does not wait for it. */
  restart(): Promise<void>;
  /** `stopped`: nobody starts it before somebody asks. */
  state(): Promise<'running' | 'stopped' | 'unknown'>;
}

export interface GatewayControlDeps {
  /** The agent's own. */
  host: Host;
  paths: Pick<MachinePaths, 'restartGateway' | 'supervisor'>;
  spec: Pick<MachineSpec, 'host'>;
  clock: Pick<Clock, 'now'>;
}

/**
 * Restarting is the same everywhere, and needs no right: any change of one file of the agent's. The local supervisor
 * watches it, and systemd does, with a path unit.
 */
export function createGatewayControl({ host, paths, spec, clock }: GatewayControlDeps): GatewayControl {
  return {
    restart: () => host.writeAtomic(paths.restartGateway, `${clock.now().toISOString()}\n`),
    state: () => (spec.host.kind === 'systemd' ? stateOfUnit(host, spec.host.gateway_unit) : stateOfChild(host, paths.supervisor)),
  };
}

/** As in the supervisor's status file: it starts by itself what is not held. */
const Supervisor = z.object({ gateway: z.object({ state: z.string() }) });

async function stateOfChild(host: Host, path: string): ReturnType<GatewayControl['state']> {
  try {
    const { gateway } = Supervisor.parse(JSON.parse((await host.readText(path)) ?? ''));
    return gateway.state === 'held' ? 'stopped' : 'running';
  } catch {
    return 'unknown';
  }
}

const LOOK_MS = 10_000;
const RUNNING = ['active', 'activating', 'reloading', 'deactivating'];

/** `Restart=always` is `activating` between two starts; `failed` is what exit code 78 and a start limit leave. */
async function stateOfUnit(host: Host, unit: string): ReturnType<GatewayControl['state']> {
  const env = { PATH: '/usr/bin:/bin' };
  const { code, stdout } = await host.run('systemctl', ['show', '--property=ActiveState', '--value', unit], { env, timeoutMs: LOOK_MS });
  const state = stdout.trim();
  if (code !== 0) return 'unknown';
  if (RUNNING.includes(state)) return 'running';
  return ['failed', 'inactive'].includes(state) ? 'stopped' : 'unknown';
}
