import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { end } from './keep-running.js';
import { findByMarker } from './process-table.js';

/** Milliseconds for all machines to stop by themselves; a gateway takes one to three seconds. */
const MACHINES_PATIENCE_MS = 9_000;

/** Stops every machine of the state folder: the provisioner's own command knows how. Machines stay on disk. */
export async function stopMachines({ root, machinesDir, env }: { root: string; machinesDir: string; env: Record<string, string> }): Promise<void> {
  const script = join(root, 'apps/provisioner/dist/supervisor.js');
  await new Promise<void>((resolve) => {
    execFile(process.execPath, [script, 'stop-all', '--machines-dir', machinesDir], { env, timeout: MACHINES_PATIENCE_MS, killSignal: 'SIGKILL' }, () => resolve());
  });
}

/** The last look: whatever still carries the marker of this state folder ends now. */
export async function stopStrays(marker: string): Promise<void> {
  const strays = () => findByMarker((entry) => entry === marker).filter(({ pid }) => pid !== process.pid);
  for (let round = 0; round < 5; round += 1) {
    const left = strays();
    if (left.length === 0) return;
    await end(left, round === 0 ? 500 : 0);
  }
  throw new Error(`these processes do not end: ${strays().map(({ pid }) => pid).join(', ')}`);
}
