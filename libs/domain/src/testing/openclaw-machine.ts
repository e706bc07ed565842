import type { OpenclawMachine } from '../openclaw-machine.js';

export const machineWith = (machine: Partial<OpenclawMachine> = {}): OpenclawMachine => ({
  gatewayPort: 18_800,
  gatewayTokenFile: '/m/agent/gateway-token',
  secretsFile: '/m/agent/secrets.json',
  webhook: { url: 'http://127.0.0.1:4999/cron', token: 'local-token' },
  workspaceDir: '/m/workspace',
  nodePath: '/m/node',
  agentFile: '/m/agent.js',
  tradingParamsFile: '/m/agent/trading-params.json',
  dataRetrievalUrl: null,
  ...machine,
});
