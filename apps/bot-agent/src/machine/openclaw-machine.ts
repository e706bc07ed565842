import { gatewayEnvironment, type MachineSpec } from '@trawling/contracts';
import { type OpenclawMachine } from '@trawling/domain';
import { type MachinePaths } from './machine-paths.js';

/** What the renderer needs to know of this machine. Has to stay the same over restarts, or configs would drift. */
export const openclawMachine = (
  spec: MachineSpec,
  paths: MachinePaths,
  webhook: OpenclawMachine['webhook'],
  agentFile = agentFileOf(spec, paths),
): OpenclawMachine => ({
  gatewayPort: spec.gateway_port,
  gatewayTokenFile: paths.gatewayToken,
  secretsFile: paths.secrets,
  webhook,
  workspaceDir: paths.workspace,
  nodePath: spec.openclaw.node,
  agentFile,
  tradingParamsFile: paths.tradingParams,
  dataRetrievalUrl: spec.data_retrieval_url,
});

/** The build this machine was made with. */
const agentFileOf = (spec: MachineSpec, paths: MachinePaths): string => (spec.host.kind === 'systemd' ? spec.host.agent_file : paths.agentFile);

/** Names of the environment variables that the gateway is started with. */
export const gatewayEnvOf = (spec: Pick<MachineSpec, 'gateway_env'>): string[] => [
  ...Object.keys(spec.gateway_env),
  'HOME',
  'PATH',
  ...Object.keys(gatewayEnvironment('')),
];
