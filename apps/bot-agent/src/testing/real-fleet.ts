import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type BotConfigPayload, BotSettings, type BotSettingsInput, type MachineSpec } from '@trawling/contracts';
import { generateBootstrapConfig, generateBotConfig, sha256Of } from '@trawling/domain';
import { systemClock } from '@trawling/runtime';
import { createGatewayApi, type GatewayApi } from '../gateway/gateway-api.js';
import { createGatewayClient, type GatewayClient } from '../gateway/gateway-client.js';
import { type EventFrame } from '../gateway/frames.js';
import { type MachinePaths, machinePaths } from '../machine/machine-paths.js';
import { openclawMachine } from '../machine/openclaw-machine.js';
import { type AgentProcess, agentProcess, buildAgent } from './agent-process.js';
import { type RealGateway, startRealGateway } from './real-gateway.js';
import { machineSpec } from './real-machine.js';
import { startTestSyncAdapter, type TestSyncAdapter } from './test-sync-adapter.js';

/** One machine with everything that runs on it, a sync-adapter to talk to, and an independent look at its gateway. */
export interface RealFleet {
  sync: TestSyncAdapter;
  gateway: RealGateway;
  agent: AgentProcess;
  paths: MachinePaths;
  /** Independent of the agent. */
  observer: GatewayClient;
  api: GatewayApi;
  events: EventFrame[];
  payload(settings?: Partial<BotSettingsInput>): BotConfigPayload;
  ownJobs(): ReturnType<GatewayApi['cronList']>;
  stop(): Promise<void>;
}

export async function startRealFleet(): Promise<RealFleet> {
  const bundle = buildAgent();
  const agentSha256 = sha256Of(readFileSync(bundle));
  const sync = await startTestSyncAdapter();
  const specs: MachineSpec[] = [];
  const gateway = await startRealGateway(({ dir, port }) => {
    const spec = machineSpec({ bot_id: sync.botId, gateway_port: port, sync_adapter_url: sync.url, root_public_jwk: sync.rootPublicJwk });
    specs.push(spec);
    return generateBootstrapConfig(openclawMachine(spec, machinePaths(dir), null));
  });
  const paths = machinePaths(gateway.dir);
  await writeFile(paths.spec, JSON.stringify(specs[0]));
  await writeFile(paths.enrollmentToken, sync.enrollmentToken, { mode: 0o600 });

  const events: EventFrame[] = [];
  const observer = createGatewayClient({
    url: gateway.wsUrl,
    agentVersion: '0.1.0',
    platform: process.platform,
    readToken: async () => gateway.token,
    clock: systemClock,
    random: Math.random,
    onEvent: (event) => events.push(event),
    onConnected: () => undefined,
  });
  observer.connect();
  await observer.whenConnected(60_000);
  const api = createGatewayApi({ request: observer.request, clock: systemClock });
  const agent = agentProcess(gateway.dir, bundle);
  let version = 0;

  return {
    sync, gateway, agent, paths, observer, api, events,
    payload: (settings = {}) =>
      generateBotConfig({
        settings: BotSettings.parse({ name: 'real', schedule: { 'config-sync': '*/2 * * * * *', 'health-ping': '*/2 * * * * *' }, ...settings }),
        context: {
          botId: sync.botId, version: ++version, issuedAt: new Date(), paused: false, holdTrading: false, secrets: [],
          runtime: { openclaw_version: '2026.9.6', agent_sha256: agentSha256 },
        },
      }),
    ownJobs: async () => (await api.cronList()).filter((job) => job.declarationKey?.startsWith('fleet:')),
    stop: async () => {
      await agent.end('SIGTERM');
      await observer.close();
      await gateway.stop();
      await sync.close();
    },
  };
}
