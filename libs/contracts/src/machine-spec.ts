import { z } from 'zod';
import { BotId, MachineGeneration, Sha256, Uuid } from './common.js';
import { Ed25519PublicJwk } from './keys.js';

/**
 * What keeps the machine's processes running. `supervisor`: one process of the local driver, one user for everything.
 * `systemd`: a machine of its own, where agent and gateway are two users (DROPLET says which and where).
 */
export const MachineHost = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('supervisor') }),
  z.object({
    kind: z.literal('systemd'),
    /**
     * The agent's file that this machine was made with: root's, so that neither user can change it. Command jobs run it
     * too, until a config names another build, which the agent then keeps in `shared`.
     */
    agent_file: z.string(),
    gateway_unit: z.string(),
    /** Unix socket of the gateway hand: file access as the gateway's user. */
    gateway_hand: z.string(),
  }),
]);
export type MachineHost = z.infer<typeof MachineHost>;

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
  host: MachineHost.default({ kind: 'supervisor' }),
});
export type MachineSpec = z.infer<typeof MachineSpec>;

/**
 * Names inside the directory that holds `machine.json`; whoever makes a machine, its supervisor and its agent agree on
 * them here. Three folders by who may do what: `agent` is closed to the gateway's user, `gateway` and `openclaw` belong
 * to the gateway's user (OpenClaw takes a secret only from a file that its own user owns and no other can read, and
 * closes its own files), `shared` is written by the agent and only read by the gateway's user.
 */
export const MACHINE_FILES = {
  spec: 'machine.json',
  /** 0600, `tte_…`; deleted by the agent once it is enrolled. */
  enrollmentToken: 'enrollment-token',
  /** Where the local supervisor puts it; elsewhere MachineSpec.host says where it is. */
  agentFile: 'agent.js',
  /** Optional: what this machine's agent can do, instead of what its build says (the agent registration file). */
  registration: 'agents.yaml',
  workspace: 'workspace',
  logs: 'logs',
  supervisor: 'supervisor.json',
  /** OPENCLAW_STATE_DIR. */
  openclaw: 'openclaw',
  openclawConfig: 'openclaw/openclaw.json',
  /** 0700, the gateway's user's: what OpenClaw reads its secrets from. */
  gateway: 'gateway',
  gatewayToken: 'gateway/token',
  secrets: 'gateway/secrets.json',
  /** The agent's, readable by the gateway's user. */
  shared: 'shared',
  tradingParams: 'shared/trading-params.json',
  /** JSON `{url, token}`: where skills and command jobs report (LocalReport). */
  localReports: 'shared/local-reports.json',
  /** JSON `{url}`: where the agent says on loopback how it is; no secret. */
  status: 'shared/status.json',
  /** The agent's own state, 0700. */
  agent: 'agent',
  /** 0600; exists once the agent is enrolled: the gateway starts after that. */
  credential: 'agent/credential',
  /** Any change of this file asks for a restart of the gateway: the local supervisor and systemd's path unit watch it. */
  restartGateway: 'agent/restart-gateway',
} as const;

/** Folders of a machine, made before anything of it starts. */
export const MACHINE_FOLDERS = [
  MACHINE_FILES.agent,
  MACHINE_FILES.gateway,
  MACHINE_FILES.openclaw,
  MACHINE_FILES.shared,
  MACHINE_FILES.workspace,
  MACHINE_FILES.logs,
] as const;
