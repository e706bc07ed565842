import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { end } from './keep-running.js';
import { findByMarker } from './process-table.js';
import { type Terminal } from './terminal.js';
import { Stopped } from './wait.js';

/** Milliseconds for all machines to stop by themselves; a gateway takes one to three seconds. */
const STOP_MS = 8_500;

type MachineCommands = {
  /** Installs the pinned OpenClaw and its Node into the shared cache, once; says how far it is. */
  installRuntime: (input: { cacheDir: string; terminal: Terminal; signal: AbortSignal }) => Promise<void>;
  /** Stops every machine of this installation. The machines stay on disk and are started again by the provisioner. */
  stopAll: (input: { machinesDir: string; installationId: string }) => Promise<void>;
};

/** The provisioner's own command for the machines of this computer. */
export function machineCommands(root: string, env: Record<string, string>): MachineCommands {
  const script = join(root, 'apps/provisioner/dist/supervisor.js');
  const run = (args: string[], options: { signal?: AbortSignal; timeout?: number; onLine?: (line: string) => void }): Promise<string> =>
    new Promise((resolve, reject) => {
      const { onLine, ...limits } = options;
      // Detached: Ctrl-C is ours to hand on, in the order that stopping needs.
      const child = spawn(process.execPath, [script, ...args], { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'], ...limits });
      let stdout = '';
      let last = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      createInterface({ input: child.stderr }).on('line', (line) => {
        last = line;
        onLine?.(line);
      });
      child.once('error', reject);
      child.once('close', (code) => (code === 0 ? resolve(stdout) : reject(new Error(last || stdout || `${args[0] ?? ''} failed`))));
    });

  return {
    installRuntime: async ({ cacheDir, terminal, signal }) => {
      try {
        await run(['install-runtime', cacheDir], { signal, onLine: (line) => terminal.say(`  ${line}`) });
      } catch (error) {
        throw signal.aborted ? new Stopped() : error;
      }
    },
    stopAll: async ({ machinesDir, installationId }) => {
      await run(['stop-all', machinesDir, '--installation', installationId], { timeout: STOP_MS });
    },
  };
}

/** The last look: whatever still carries the marker of this state folder ends now. */
export async function stopStrays(isMarker: (entry: string) => boolean): Promise<void> {
  const strays = () => findByMarker(isMarker).filter(({ pid }) => pid !== process.pid);
  for (let round = 0; round < 5; round += 1) {
    const left = strays();
    if (left.length === 0) return;
    await end(left, round === 0 ? 500 : 0);
  }
  throw new Error(`these processes do not end: ${strays().map(({ pid }) => pid).join(', ')}`);
}
