import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Logger, type OnStop, systemClock } from '@trawling/runtime';
import { type Env } from '../env.js';
import { type MachineDriver } from '../machines/machine-driver.js';
import { installInBackground } from './install-in-background.js';
import { createLocalDriver } from './local-driver.js';

export type LocalDriverOptions = {
  logger: Logger;
  installationId: string;
  /** The bundled supervisor of the local machines. */
  supervisorFile: string;
  environment: Record<string, string | undefined>;
};

/** Gets OpenClaw ready meanwhile. */
export function openLocalDriver(onStop: OnStop, env: Env, options: LocalDriverOptions): MachineDriver {
  const { LOCAL_MACHINES_DIR: machines, OPENCLAW_RUNTIME_DIR: cache, OPENCLAW_MANIFEST_DIR: manifestFolder } = env;
  if (machines === undefined || cache === undefined) throw new Error('The local driver needs LOCAL_MACHINES_DIR and OPENCLAW_RUNTIME_DIR');
  const { logger, installationId, supervisorFile, environment } = options;
  const machinesDir = resolve(machines);
  mkdirSync(machinesDir, { recursive: true, mode: 0o700 });
  const installation = installInBackground(
    { clock: systemClock, logger },
    { cacheDir: resolve(cache), ...(manifestFolder === undefined ? {} : { manifestFolder }) },
  );
  onStop(() => installation.stop(), 'OpenClaw installation');
  return createLocalDriver({
    clock: systemClock,
    supervisorFile,
    environment,
    machinesDir,
    installationId,
    gatewayPortBase: env.GATEWAY_PORT_BASE,
    runtime: installation.status,
  });
}
