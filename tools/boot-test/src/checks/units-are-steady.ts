import { DROPLET } from '@trawling/contracts';
import { type Machine } from '../machine/machine.js';

/** Units that must be as they are: started once, not failed. `is-active` alone is true between two crashes as well. */
export async function unitsAreSteady(machine: Machine): Promise<void> {
  for (const unit of [DROPLET.units.agent, DROPLET.units.gateway]) {
    const shown = await machine.exec(['systemctl', 'show', '--property=ActiveState,SubState,NRestarts,Result', unit]);
    const facts = Object.fromEntries(shown.trim().split('\n').map((line) => line.split('=')));
    if (facts['ActiveState'] !== 'active' || facts['NRestarts'] !== '0') throw new Error(`${unit} is not steady: ${shown.trim().replaceAll('\n', ', ')}`);
  }
  // Warnings, about an unknown key for one, are printed and no failure: there must be none.
  const said = (await machine.exec(['sh', '-c', 'systemd-analyze verify --man=no "$@" 2>&1', 'sh', ...Object.values(DROPLET.units)])).trim();
  if (said !== '') throw new Error(`systemd-analyze verify says: ${said}`);
  const failed = (await machine.exec(['systemctl', 'list-units', '--failed', '--no-legend', '--plain'])).trim();
  if (failed !== '') throw new Error(`units of the machine failed: ${failed}`);
}
