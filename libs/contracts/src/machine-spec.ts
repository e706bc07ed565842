import { z } from 'zod';
import { BotId, MachineGeneration, Sha256, Uuid } from './common.js';
import { Ed25519PublicJwk } from './keys.js';

/**
 * `machine.json`: what the provisioner tells a machine about itself. The agent's only input besides the
 * enrollment token; holds no secret.
 */
export const MachineSpec = z.object({
  bot_id: BotId,
  generation: MachineGeneration,
  installation_id: Uuid,
  /** The provider's id of this machine, or the local machine's. */
  machine_id: z.string().min(1).max(200),
  sync_adapter_url: z.url({ protocol: /^https?$/ }),
  /** Pinned at provisioning: the only key that may name other signing keys. */
  root_public_jwk: Ed25519PublicJwk,
  agent_sha256: Sha256,
  gateway_port: z.int().min(1).max(65_535),
  openclaw: z.object({ node: z.string(), openclaw_mjs: z.string(), openclaw_version: z.string() }),
  /** Where `job fetch-prices` gets its prices; null: there is no source. */
  data_retrieval_url: z.url({ protocol: /^https?$/ }).nullable(),
  /** Extra environment of the gateway process. */
  gateway_env: z.record(z.string(), z.string()).default({}),
});
export type MachineSpec = z.infer<typeof MachineSpec>;

/** Names inside the directory that holds `machine.json`; provisioner, supervisor and agent agree on them here. */
export const MACHINE_FILES = {
  spec: 'machine.json',
  /** 0600, `tte_…`; deleted by the agent once it is enrolled. */
  enrollmentToken: 'enrollment-token',
  agentFile: 'agent.js',
  workspace: 'workspace',
  logs: 'logs',
  supervisor: 'supervisor.json',
  /** OPENCLAW_STATE_DIR. */
  openclaw: 'openclaw',
  openclawConfig: 'openclaw/openclaw.json',
  /** The agent's own state, 0700. */
  agent: 'agent',
  /** 0600; exists once the agent is enrolled: the gateway starts after that. */
  credential: 'agent/credential',
  gatewayToken: 'agent/gateway-token',
  secrets: 'agent/secrets.json',
  tradingParams: 'agent/trading-params.json',
  /** 0600, JSON `{url, token}`: where skills and command jobs report (LocalReport). */
  localReports: 'local-reports.json',
  /** Any change of this file asks the supervisor to restart the gateway. */
  restartGateway: 'agent/restart-gateway',
} as const;
