import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { createLocalDriver, type RuntimeStatus } from '../local/local-driver.js';
import { machineMarker, machineName } from '../local/machine-folder.js';
import { stopMachines } from '../local/stop-machines.js';
import { type MachineKey, type MachineOrder } from '../machines/machine-driver.js';
import { findMarked } from '../processes/marked-processes.js';
import { readSupervisorStatus, type SupervisorStatus } from '../supervisor/supervisor-file.js';
import { startFakeAgentServer } from './fake-agent-server.js';
import { fakeAgent, writeFakeOpenclaw } from './fake-programs.js';

/** A folder for machines, a driver on it, and what the machines need around them; all real but agent and gateway. */
export async function openLocalBed(input: { supervisorFile: string; portBase: number; installationId?: string }) {
  const root = mkdtempSync(join(tmpdir(), 'trawling-machines-'));
  const machinesDir = join(root, 'machines');
  const installationId = input.installationId ?? randomUUID();
  const agentServer = await startFakeAgentServer(fakeAgent.content);
  let runtime: RuntimeStatus = { state: 'ready', runtime: writeFakeOpenclaw(join(root, 'openclaw')) };
  const openDriver = (installation = installationId) =>
    createLocalDriver({
      clock: systemClock,
      supervisorFile: input.supervisorFile,
      environment: { PATH: process.env['PATH'], DATABASE_URL: 'postgresql://secret' },
      machinesDir,
      installationId: installation,
      gatewayPortBase: input.portBase,
      runtime: () => runtime,
    });
  const driver = openDriver();
  const order = (change: Partial<MachineOrder> = {}): MachineOrder => ({
    installation_id: installationId,
    sync_adapter_url: agentServer.url,
    root_public_jwk: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
    agent_sha256: fakeAgent.sha256,
    data_retrieval_url: null,
    enrollmentToken: `tte_${randomUUID()}_secret`,
    ...change,
  });
  return {
    root, machinesDir, installationId, driver, openDriver, order, agentServer,
    setRuntime: (next: RuntimeStatus) => void (runtime = next),
    newKey: (generation = 1): MachineKey => ({ botId: randomUUID(), generation }),
    machine: (key: MachineKey) => observeMachine(join(machinesDir, machineName(key)), machineMarker({ ...key, installationId })),
    async close() {
      await agentServer.close();
      const { left } = await stopMachines(systemClock, { machinesDir, installationId });
      await rm(root, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`processes left: ${left.map((one) => one.pid).join(', ')}`);
    },
  };
}

export type LocalBed = Awaited<ReturnType<typeof openLocalBed>>;

/** One machine as its files and processes show it. */
function observeMachine(path: string, marker: string) {
  const lines = (file: string): string[] =>
    existsSync(join(path, file)) ? readFileSync(join(path, file), 'utf8').trim().split('\n') : [];
  const starts = (role: 'agent' | 'gateway'): number[] =>
    lines(`${role}.runs`).flatMap((line) => (line.startsWith('start ') ? [Number(line.split(' ')[1])] : []));
  const status = () => readSupervisorStatus(path);
  return {
    path,
    marker,
    lines,
    starts,
    status,
    at: (file: string) => join(path, file),
    /** What the fakes shall do from their next start on. */
    behave: (role: 'agent' | 'gateway', plan: object) => writeFileSync(join(path, `${role}.json`), JSON.stringify(plan)),
    pids: async (role?: string) => (await findMarked({ machine: marker, ...(role ? { role } : {}) })).map((one) => one.pid),
    /** Waits until both children run, the gateway listens and the status file says so. */
    up: (): Promise<SupervisorStatus> =>
      until(
        async () => {
          const now = await status();
          const isUp = now?.agent.state === 'running' && now.gateway.state === 'running' && lines('gateway.runs').at(-1) === 'listening';
          return isUp ? now : null;
        },
        { timeoutMs: 15_000, message: 'the machine did not come up' },
      ),
    waitFor: (check: (now: SupervisorStatus) => boolean) =>
      until(async () => { const now = await status(); return now && check(now) ? now : null; }, { timeoutMs: 15_000 }),
  };
}
