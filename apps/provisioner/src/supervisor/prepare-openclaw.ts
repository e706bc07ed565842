import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MACHINE_FILES, MACHINE_FOLDERS, type MachineSpec } from '@trawling/contracts';
import { generateBootstrapConfig } from '@trawling/domain';
import { replacePrivate } from '../local/machine-folder.js';

/**
 * Makes what the gateway needs for its first start and leaves what is there: its token, and the first openclaw.json,
 * which belongs to the agent from then on.
 */
export async function prepareOpenclaw(machinePath: string, spec: MachineSpec): Promise<void> {
  const at = (name: string): string => join(machinePath, name);
  for (const folder of MACHINE_FOLDERS) await mkdir(at(folder), { recursive: true, mode: 0o700 });
  if (!existsSync(at(MACHINE_FILES.gatewayToken))) {
    await replacePrivate(at(MACHINE_FILES.gatewayToken), randomBytes(32).toString('base64url'));
  }
  if (existsSync(at(MACHINE_FILES.openclawConfig))) return;
  const config = generateBootstrapConfig({
    gatewayPort: spec.gateway_port,
    gatewayTokenFile: at(MACHINE_FILES.gatewayToken),
    secretsFile: at(MACHINE_FILES.secrets),
    // The agent adds its receiver with the first config it applies.
    webhook: null,
    workspaceDir: at(MACHINE_FILES.workspace),
    nodePath: spec.openclaw.node,
    agentFile: at(MACHINE_FILES.agentFile),
    tradingParamsFile: at(MACHINE_FILES.tradingParams),
    dataRetrievalUrl: spec.data_retrieval_url,
  });
  await replacePrivate(at(MACHINE_FILES.openclawConfig), `${JSON.stringify(config, null, 2)}\n`);
}
