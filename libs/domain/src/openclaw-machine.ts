import type { JsonObject } from '@trawling/contracts';

/** What belongs to one machine and therefore never travels in a payload: ports, paths, local tokens. */
export type OpenclawMachine = {
  gatewayPort: number;
  /** 0600 file that holds the gateway's token and nothing else. */
  gatewayTokenFile: string;
  /** 0600 file: one flat JSON object, secret name → value. */
  secretsFile: string;
  /** Where OpenClaw delivers results of cron runs: the agent's receiver on loopback. Null: nowhere. */
  webhook: { url: string; token: string } | null;
  workspaceDir: string;
  /** The Node and the agent file that command jobs run. */
  nodePath: string;
  agentFile: string;
  /** The agent writes the trading parameters of the applied version there. */
  tradingParamsFile: string;
  dataRetrievalUrl: string | null;
};

/** Name of the secret provider in OpenClaw's config that reads `secretsFile`. */
const SECRETS_PROVIDER = 'fleet';
/** Name of the secret provider that reads `gatewayTokenFile`. */
const GATEWAY_TOKEN_PROVIDER = 'fleet-gateway';

/** Reference, as OpenClaw resolves it, to a secret of the bot. */
export function fileSecretRef(name: string): JsonObject {
  return { source: 'file', provider: SECRETS_PROVIDER, id: `/${name}` };
}

/**
 * The settings that belong to the machine. Nobody but the machine's own software may set them: a wrong port, bind
 * address or token locks the agent out.
 */
export function machineOwnedSettings(machine: OpenclawMachine): JsonObject {
  return {
    gateway: {
      mode: 'local',
      port: machine.gatewayPort,
      bind: 'loopback',
      auth: { mode: 'token', token: { source: 'file', provider: GATEWAY_TOKEN_PROVIDER, id: 'value' } },
    },
    secrets: {
      providers: {
        [SECRETS_PROVIDER]: { source: 'file', path: machine.secretsFile, mode: 'json' },
        [GATEWAY_TOKEN_PROVIDER]: { source: 'file', path: machine.gatewayTokenFile, mode: 'singleValue' },
      },
    },
    agents: { defaults: { workspace: machine.workspaceDir } },
    ...(machine.webhook === null
      ? {}
      : {
          cron: {
            webhookToken: machine.webhook.token,
            // Loopback is blocked unless it is named; naming it is narrower than allowing private networks.
            webhookSsrfPolicy: { allowedHostnames: [new URL(machine.webhook.url).hostname] },
          },
        }),
  };
}

/** Where machineOwnedSettings writes: owner extras may never reach these paths. */
export const machineOwnedPaths = [
  'gateway',
  'secrets',
  'agents.defaults.workspace',
  'cron.webhookToken',
  'cron.webhookSsrfPolicy',
] as const;
