import { randomUUID } from 'node:crypto';
import { type MachineSpec } from '@trawling/contracts';
import { type TestSyncAdapter } from './test-sync-adapter.js';

/** machine.json of the machine that a sync-adapter of the tests waits for. */
export const machineSpecFor = (server: Pick<TestSyncAdapter, 'url' | 'botId' | 'rootPublicJwk'>): MachineSpec => ({
  bot_id: server.botId,
  generation: 1,
  installation_id: randomUUID(),
  machine_id: 'local-test',
  sync_adapter_url: server.url,
  root_public_jwk: server.rootPublicJwk,
  agent_sha256: `sha256:${'0'.repeat(64)}`,
  gateway_port: 1,
  openclaw: { node: '/runtime/node', openclaw_mjs: '/runtime/openclaw.mjs', openclaw_version: '2026.9.6' },
  data_retrieval_url: null,
  gateway_env: {},
  host: { kind: 'supervisor' },
});
