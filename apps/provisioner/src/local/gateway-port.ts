import { createServer } from 'node:net';
import { readMachineSpec, type MachineFolder } from './machine-folder.js';

const LAST_PORT = 65_535;
/** OpenClaw derives ports from the gateway's (its browser control takes the one two above): leave them some room. */
const DISTANCE = 4;

/** The first port from `base` on that no machine of this folder has and nobody listens on. */
export async function chooseGatewayPort(input: { base: number; machines: MachineFolder[] }): Promise<number> {
  const taken = new Set<number>();
  for (const machine of input.machines) {
    const spec = await readMachineSpec(machine.path).catch(() => null);
    if (spec) taken.add(spec.gateway_port);
  }
  for (let port = input.base; port <= LAST_PORT; port += DISTANCE) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`No free port from ${input.base} on for another gateway`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
