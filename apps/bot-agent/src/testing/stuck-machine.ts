import { mkdir, writeFile } from 'node:fs/promises';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { type ApplyVersionDeps } from '../apply/apply-version.js';
import { away } from '../gateway/gateway-error.js';
import { type Host, realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { openAgentState } from '../state/agent-state.js';
import { MACHINE } from './payloads.js';

/** A machine whose gateway is away and whose secrets do not come: nothing can be applied, everything is on real files. */
export async function stuckMachine(dir: string, secretsError: Error, host: Host = realHost) {
  const paths = machinePaths(dir);
  for (const folder of paths.dirs) await mkdir(folder, { recursive: true });
  await writeFile(paths.openclawConfig, '{"before":true}');
  const gone = () => Promise.reject(away('the gateway is down'));
  const deps: ApplyVersionDeps = {
    host,
    paths,
    clock: createFakeClock(),
    logger: createMemoryLogger().logger,
    machine: MACHINE,
    gatewayEnv: [],
    state: await openAgentState(host, paths),
    gateway: { whenConnected: gone, bootId: () => null, state: () => 'down' },
    api: {
      configGet: gone, configPatch: gone, cronList: gone, cronAdd: gone, cronUpdate: gone, cronRemove: gone, cronRuns: gone,
      taskRunIds: gone, runAbort: gone, secretsReload: gone, status: gone, health: gone, systemInfo: gone,
    },
    control: { restart: async () => undefined, state: async () => 'unknown' },
    cli: { validate: async () => ({ valid: true }) },
    isReady: async () => false,
    secretsFor: async () => Promise.reject(secretsError),
  };
  return { deps, paths };
}
