import { randomBytes, randomUUID } from 'node:crypto';
import { type BotConfigPayload, type BotSettingsInput, BotSettings, type MachineSpec } from '@trawling/contracts';
import { generateEd25519 } from '@trawling/crypto';
import { generateBootstrapConfig, generateBotConfig, type OpenclawMachine } from '@trawling/domain';
import { systemClock } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { type ApplyVersionDeps } from '../apply/apply-version.js';
import { createOpenclawCli } from '../apply/openclaw-cli.js';
import { type EventFrame } from '../gateway/frames.js';
import { createGatewayApi } from '../gateway/gateway-api.js';
import { createGatewayClient, type GatewayClient } from '../gateway/gateway-client.js';
import { isGatewayReady } from '../gateway/readyz.js';
import { realHost } from '../host.js';
import { createGatewayControl } from '../machine/gateway-control.js';
import { type MachinePaths, machinePaths } from '../machine/machine-paths.js';
import { gatewayEnvOf, openclawMachine } from '../machine/openclaw-machine.js';
import { openAgentState } from '../state/agent-state.js';
import { ensureSecretsFile } from '../sync/secrets.js';
import { openclawRuntime } from './openclaw-runtime.js';
import { type RealGateway, startRealGateway } from './real-gateway.js';

export interface RealMachine {
  gateway: RealGateway;
  client: GatewayClient;
  deps: ApplyVersionDeps;
  paths: MachinePaths;
  spec: MachineSpec;
  machine: OpenclawMachine;
  /** `config.changed` and `cron` events the gateway sent, in order. */
  events: EventFrame[];
  /** A payload as the control plane would make it; the next version each time. */
  payload(settings?: Partial<BotSettingsInput>, context?: { paused?: boolean; secrets?: { name: string; version: number }[] }): BotConfigPayload;
  /** Values the secrets have, for secretsFor. */
  secretValues: Record<string, string>;
  stop(): Promise<void>;
}

export function machineSpec(over: Partial<MachineSpec>): MachineSpec {
  const runtime = openclawRuntime();
  return {
    bot_id: randomUUID(),
    generation: 1,
    installation_id: randomUUID(),
    machine_id: 'local-test',
    sync_adapter_url: 'http://127.0.0.1:9',
    root_public_jwk: generateEd25519().publicJwk,
    agent_sha256: `sha256:${'0'.repeat(64)}`,
    gateway_port: 1,
    openclaw: { node: runtime.node, openclaw_mjs: runtime.openclawMjs, openclaw_version: '2026.9.6' },
    data_retrieval_url: null,
    gateway_env: {},
    host: { kind: 'supervisor' },
    ...over,
  };
}

/** The real gateway on a bootstrapped machine, with what applying a version takes; the agent's loops are not running. */
export async function startRealMachine(): Promise<RealMachine> {
  const botId = randomUUID();
  const webhook = { url: 'http://127.0.0.1:9/cron', token: randomBytes(16).toString('hex') };
  const built: { spec: MachineSpec; paths: MachinePaths; machine: OpenclawMachine }[] = [];
  const gateway = await startRealGateway(({ dir, port }) => {
    const spec = machineSpec({ bot_id: botId, gateway_port: port });
    const paths = machinePaths(dir);
    const machine = openclawMachine(spec, paths, webhook);
    built.push({ spec, paths, machine });
    return generateBootstrapConfig({ ...machine, webhook: null });
  });
  const first = built[0];
  if (!first) throw new Error('the gateway was started without a config');
  const { spec, paths, machine } = first;
  for (const dir of paths.dirs) await realHost.ensureDir(dir);
  await ensureSecretsFile(realHost, paths.secrets);

  const events: EventFrame[] = [];
  const client = createGatewayClient({
    url: gateway.wsUrl,
    agentVersion: '0.1.0',
    platform: process.platform,
    readToken: async () => gateway.token,
    clock: systemClock,
    random: Math.random,
    onEvent: (event) => events.push(event),
    onConnected: () => undefined,
  });
  client.connect();
  await client.whenConnected(60_000);

  let version = 0;
  const secretValues: Record<string, string> = {};
  const deps: ApplyVersionDeps = {
    host: realHost,
    paths,
    gateway: client,
    api: createGatewayApi({ request: client.request, clock: systemClock }),
    cli: createOpenclawCli({ host: realHost, spec, paths, env: { PATH: process.env['PATH'] ?? '' } }),
    control: createGatewayControl({ host: realHost, paths, spec, clock: systemClock }),
    isReady: () => isGatewayReady(gateway.httpUrl),
    clock: systemClock,
    logger: createMemoryLogger().logger,
    state: await openAgentState(realHost, paths),
    machine,
    gatewayEnv: gatewayEnvOf(spec),
    secretsFor: async (payload) => {
      const key = payload.llm_config.api_key?.secret;
      return key && secretValues[key] ? { [key]: secretValues[key] } : {};
    },
  };
  return {
    gateway, client, deps, paths, spec, machine, events, secretValues,
    payload: (settings = {}, { paused = false, secrets = [] } = {}) =>
      generateBotConfig({
        settings: BotSettings.parse({ name: 'real', ...settings }),
        context: {
          botId, version: ++version, issuedAt: new Date(), paused, holdTrading: false, secrets,
          runtime: { openclaw_version: '2026.9.6', agent_sha256: spec.agent_sha256 },
        },
      }),
    stop: async () => {
      await client.close();
      await gateway.stop();
    },
  };
}
