import { type Clock } from '@trawling/runtime';
import { endMarked } from '../processes/end-processes.js';
import { findMarked, type MarkedProcess } from '../processes/marked-processes.js';
import { listMachineFolders, machineMarker, parseMachineMarker, readMachineSpec } from './machine-folder.js';
import { stopMachine } from './stop-machine.js';

/**
 * Ends every machine below `machinesDir`, all at the same time, and then whatever else carries the marker of their
 * installations. Returns what could not be ended. The provisioner must be stopped before, or it starts them again.
 */
export async function stopMachines(
  clock: Clock,
  input: { machinesDir: string; installationId?: string },
): Promise<{ stopped: string[]; left: MarkedProcess[] }> {
  const installations = new Set(input.installationId === undefined ? [] : [input.installationId]);
  const machines: { name: string; path: string; marker: string }[] = [];
  for (const folder of await listMachineFolders(input.machinesDir)) {
    const spec = await readMachineSpec(folder.path).catch(() => null);
    if (!spec) continue;
    installations.add(spec.installation_id);
    const marker = machineMarker({ installationId: spec.installation_id, botId: spec.bot_id, generation: spec.generation });
    machines.push({ name: folder.name, path: folder.path, marker });
  }
  await Promise.all(machines.map((machine) => stopMachine(clock, machine)));
  // Also of machines whose folder is gone.
  const ours = (one: MarkedProcess): boolean => {
    const key = parseMachineMarker(one.machine);
    return one.pid !== process.pid && key !== null && installations.has(key.installationId);
  };
  for (const marker of new Set((await findMarked()).filter(ours).map((one) => one.machine))) {
    await endMarked(clock, { machine: marker }, { graceMs: 500, timeoutMs: 3_000, except: [process.pid] });
  }
  return { stopped: machines.map((machine) => machine.name), left: (await findMarked()).filter(ours) };
}
