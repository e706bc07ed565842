import { type MachineSpec } from '@trawling/contracts';
import { generateBootstrapConfig } from '@trawling/domain';
import { type Host } from '../host.js';
import { ensureSecretsFile } from '../sync/secrets.js';
import { type MachinePaths } from './machine-paths.js';
import { openclawMachine } from './openclaw-machine.js';

/**
 * Makes what the gateway needs for its first start and leaves what is there: its token, a file of secrets, and the first
 * openclaw.json, which belongs to the agent from then on. Runs as the gateway's user, before each of its starts.
 */
export async function prepareGateway(deps: {
  host: Host;
  spec: MachineSpec;
  paths: MachinePaths;
  randomBytes(size: number): Uint8Array;
}): Promise<void> {
  const { host, spec, paths } = deps;
  for (const folder of paths.gatewayDirs) await host.ensureDir(folder);
  if ((await host.readText(paths.gatewayToken)) === null) {
    await host.writeAtomic(paths.gatewayToken, Buffer.from(deps.randomBytes(32)).toString('base64url'));
  }
  await ensureSecretsFile(host, paths.secrets);
  if ((await host.readText(paths.openclawConfig)) !== null) return;
  // The agent adds its receiver with the first config it applies.
  const config = generateBootstrapConfig(openclawMachine(spec, paths, null));
  await host.writeAtomic(paths.openclawConfig, `${JSON.stringify(config, null, 2)}\n`);
}
