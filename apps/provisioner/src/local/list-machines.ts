import { join } from 'node:path';
import { MACHINE_FILES } from '@trawling/contracts';
import { lockHolder } from '../processes/file-lock.js';
import { findMarked } from '../processes/marked-processes.js';
import { readSupervisorStatus } from '../supervisor/supervisor-file.js';
import { listMachineFolders, machineMarker, readMachineSpec, supervisorLock } from './machine-folder.js';

/** One machine as `supervisor.js list` prints it. */
export type ListedMachine = {
  machine: string;
  bot_id: string;
  generation: number;
  state: 'running' | 'off';
  supervisor_pid: number | null;
  /** Every process of the machine, the supervisor among them. */
  pids: number[];
  agent: { state: string; pid: number | null; restarts: number };
  gateway: { state: string; pid: number | null; restarts: number };
  gateway_url: string;
  gateway_token_file: string;
  enrolled: boolean;
};

export async function listMachines(machinesDir: string, exists: (path: string) => boolean): Promise<ListedMachine[]> {
  const marked = await findMarked();
  const listed: ListedMachine[] = [];
  for (const folder of await listMachineFolders(machinesDir)) {
    const spec = await readMachineSpec(folder.path).catch(() => null);
    if (!spec) continue;
    const marker = machineMarker({ installationId: spec.installation_id, botId: spec.bot_id, generation: spec.generation });
    const [holder, status] = await Promise.all([lockHolder(supervisorLock(folder.path)), readSupervisorStatus(folder.path)]);
    const child = (name: 'agent' | 'gateway') => ({
      state: status?.[name].state ?? 'waiting',
      pid: status?.[name].process?.pid ?? null,
      restarts: status?.[name].restarts ?? 0,
    });
    listed.push({
      machine: folder.name,
      bot_id: spec.bot_id,
      generation: spec.generation,
      state: holder ? 'running' : 'off',
      supervisor_pid: holder?.pid ?? null,
      pids: marked.filter((one) => one.machine === marker).map((one) => one.pid),
      agent: child('agent'),
      gateway: child('gateway'),
      gateway_url: `ws://127.0.0.1:${spec.gateway_port}`,
      gateway_token_file: join(folder.path, MACHINE_FILES.gatewayToken),
      enrolled: exists(join(folder.path, MACHINE_FILES.credential)),
    });
  }
  return listed;
}
