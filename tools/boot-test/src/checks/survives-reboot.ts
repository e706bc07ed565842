import { DROPLET, MACHINE_FILES } from '@trawling/contracts';
import { type Machine } from '../machine/machine.js';

/** What a machine must still be after a reboot: its installation and its identity, neither made again. */
const KEPT = [DROPLET.openclawMjs, DROPLET.agentFile, `${DROPLET.machineDir}/${MACHINE_FILES.spec}`, `${DROPLET.machineDir}/${MACHINE_FILES.credential}`];

/** Inode and time of change of each of them: a file that was written again has others. */
const marksOf = (machine: Machine): Promise<string> => machine.exec(['stat', '--format=%n %i %Z', ...KEPT]);

/** Reboots the machine; afterwards its units run again by themselves and nothing was installed or enrolled a second time. */
export async function survivesReboot(machine: Machine, untilBack: () => Promise<void>): Promise<void> {
  const before = await marksOf(machine);
  await machine.reboot();
  await untilBack();
  const after = await marksOf(machine);
  if (after !== before) throw new Error(`a reboot made something again:\n${before}became\n${after}`);
}
