import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type MachineInput } from './machine.js';
import { spawnWithOwnMounts } from './own-mounts.js';

export type Network = {
  /** Path of the namespace. */
  namespace: string;
  gatewaySocket: string;
};

/** Where machines find the sync-adapter, at port 443: the only way from a machine's network to this computer. Of a block for documentation. */
export const SYNC_ADAPTER_ADDRESS = '198.51.100.10';

const READY_WITHIN_MS = 30_000;

const Ready = z.object({ namespace: z.string() });

/** Makes the network of a machine, with a metadata service in it. It ends with the machine's cgroup, or with us. */
export function startNetwork(input: MachineInput): Promise<Network> {
  const { folder, name, scripts, image, networkProgram, userData } = input;
  const gatewaySocket = join(folder, 'gateway.sock');
  const userDataFile = join(folder, 'user-data');
  writeFileSync(userDataFile, userData, { mode: 0o600 });
  const program = [process.execPath, networkProgram, JSON.stringify({ gatewaySocket, gatewayPort: input.gatewayPort, userDataFile, syncAdapterSocket: input.syncAdapterSocket, syncAdapterAddress: SYNC_ADAPTER_ADDRESS })];
  const child = spawnWithOwnMounts([join(scripts, 'run-network.sh'), image.programs, name, SYNC_ADAPTER_ADDRESS, ...program]);
  const log = createWriteStream(join(folder, 'network.log'));
  child.stderr.pipe(log);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the machine has no network after ${READY_WITHIN_MS} ms: see ${join(folder, 'network.log')}`)), READY_WITHIN_MS);
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(late);
      resolve({ ...Ready.parse(JSON.parse(line)), gatewaySocket });
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`the network of the machine ended with ${code ?? signal}: see ${join(folder, 'network.log')}`)));
  });
}
