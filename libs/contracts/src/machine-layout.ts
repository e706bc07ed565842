import { MACHINE_FILES, type MachineHost } from './machine-spec.js';

/** Where the machine's files lie on a machine of its own: MACHINE_FILES are names inside this folder. */
const MACHINE_DIR = '/var/lib/trawling/machine';

/**
 * A machine of its own (a droplet), as the user data lays it out and the agent finds it.
 *
 * | path                         | owner          | group          | mode | why |
 * |------------------------------|----------------|----------------|------|-----|
 * | `/opt/trawling`              | root           | root           | 0755 | Node, OpenClaw and the agent this machine was made with: neither user can change them |
 * | machine folder               | trawling-agent | trawling-share | 0750 | the agent deletes its enrollment token |
 * | `machine.json`               | root           | root           | 0644 | no secret in it; the gateway's user prepares OpenClaw from it; the agent could put another in its place |
 * | `enrollment-token`           | trawling-agent | trawling-agent | 0600 | |
 * | `agent/`                     | trawling-agent | trawling-agent | 0700 | identity, credential, keys, spool |
 * | `shared/`                    | trawling-agent | trawling-share | 2750 | files 0640: written by the agent alone, read by command jobs; a later build of the agent, which they run; where the agent says how it is |
 * | `gateway/`, `openclaw/`      | openclaw       | openclaw       | 0700 | OpenClaw refuses secrets that another user owns or reads |
 * | `workspace/`                 | openclaw       | openclaw       | 0700 | |
 * | socket of the gateway hand   | trawling-agent | trawling-agent | 0600 | only the agent may ask the hand |
 *
 * The agent is in `trawling-share` for its folder's group only; it reads and writes `gateway/` and `openclaw/` through
 * the gateway hand, a process of the gateway's user that systemd starts when the agent connects. So the agent needs no
 * right of root's and none over other users' files, and the hand gives the gateway's user nothing it does not have.
 */
export const DROPLET = {
  machineDir: MACHINE_DIR,
  node: '/opt/trawling/node/bin/node',
  agentFile: '/opt/trawling/agent/agent.js',
  /** Holds node_modules/openclaw. */
  openclawDir: '/opt/trawling/openclaw',
  openclawMjs: '/opt/trawling/openclaw/node_modules/openclaw/openclaw.mjs',
  gatewayPort: 18_789,
  /** On loopback: the agent's `/status`, `/readyz` and `/metrics`. Apart from the ports that OpenClaw derives from its own. */
  statusPort: 18_780,
  users: { agent: 'trawling-agent', gateway: 'openclaw' },
  sharedGroup: 'trawling-share',
  units: {
    /** ExecStart: `node agent.js run --machine machine.json`. */
    agent: 'trawling-agent.service',
    /** ExecStartPre: `node agent.js prepare-gateway --machine machine.json`; environment as `prepare-gateway --help` says. */
    gateway: 'openclaw-gateway.service',
    /** ListenStream=handSocket, SocketUser of the agent, SocketMode=0600, Accept=no. */
    handSocket: 'trawling-gateway-hand.socket',
    /** User of the gateway; ExecStart: `node agent.js gateway-hand --machine machine.json`; ends by itself when idle. */
    hand: 'trawling-gateway-hand.service',
    /** PathChanged= of MACHINE_FILES.restartGateway; its service resets the failed state and restarts the gateway's unit. */
    restartPath: 'trawling-restart-gateway.path',
    restart: 'trawling-restart-gateway.service',
  },
  handSocket: '/run/trawling/gateway-hand.sock',
} as const;

/** `host` of the machine.json of a droplet. */
export const DROPLET_HOST: MachineHost = {
  kind: 'systemd',
  agent_file: DROPLET.agentFile,
  gateway_unit: DROPLET.units.gateway,
  gateway_hand: DROPLET.handSocket,
};

/**
 * Environment of the gateway's process, whoever starts it. `HOME` and `PATH` come from there; `machineDir` is the folder
 * of machine.json.
 */
export const gatewayEnvironment = (machineDir: string): Record<string, string> => ({
  OPENCLAW_STATE_DIR: `${machineDir}/${MACHINE_FILES.openclaw}`,
  OPENCLAW_CONFIG_PATH: `${machineDir}/${MACHINE_FILES.openclawConfig}`,
  // Restarts that OpenClaw decides on stay inside the process: 2.4 s instead of a full start, and the same pid.
  OPENCLAW_NO_RESPAWN: '1',
  OPENCLAW_DISABLE_BONJOUR: '1',
  OPENCLAW_NO_AUTO_UPDATE: '1',
  // Where the command `report` finds the address of the agent.
  BOT_MACHINE_DIR: machineDir,
});
