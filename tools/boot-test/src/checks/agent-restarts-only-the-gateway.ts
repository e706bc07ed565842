import { DROPLET, MACHINE_FILES } from '@trawling/contracts';
import { type Machine } from '../machine/machine.js';
import { ProgramFailed } from '../run-program.js';

const asAgent = (...args: string[]): string[] => ['runuser', '--user', DROPLET.users.agent, '--', ...args];

/** What the agent may not ask systemd for, its gateway's unit included: that has the one way below. */
const REFUSED = [
  ['systemctl', 'restart', DROPLET.units.gateway],
  ['systemctl', 'stop', DROPLET.units.gateway],
  ['systemctl', 'start', 'systemd-tmpfiles-clean.service'],
  ['sudo', '--non-interactive', 'true'],
];

/** As the agent's user: everything of root's is refused, and the one file it may change restarts the gateway. */
export async function agentRestartsOnlyTheGateway(machine: Machine, untilRestarted: () => Promise<void>): Promise<void> {
  for (const command of REFUSED) {
    const refused = await machine.exec(asAgent(...command)).then(
      () => false,
      (error: unknown) => {
        if (error instanceof ProgramFailed) return true;
        throw error;
      },
    );
    if (!refused) throw new Error(`the agent's user may run ${command.join(' ')}`);
  }
  const request = `${DROPLET.machineDir}/${MACHINE_FILES.restartGateway}`;
  await machine.exec(asAgent('sh', '-c', 'date --utc +%s.%N > "$1"', 'sh', request));
  await untilRestarted();
}
