import { createServer } from 'node:net';

/** Ports of one installation: a block of 100 that starts at `--port-base`. Gateways take theirs from +20 on. */
export type Ports = ReturnType<typeof portsFrom>;

export const DEFAULT_PORT_BASE = 4100;
const BLOCK = 100;

export const portsFrom = (base: number) => ({
  control_plane: base,
  sync_adapter: base + 1,
  sync_adapter_internal: base + 2,
  provisioner: base + 3,
  llm_stand_in: base + 4,
  postgres: base + 5,
  control_plane_internal: base + 6,
  gateway_base: base + 20,
  launcher: base + 99,
});

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** The first port of the block that is taken, or null. */
export async function takenPort(base: number): Promise<number | null> {
  for (const port of Object.values(portsFrom(base))) if (!(await isFree(port))) return port;
  return null;
}

/** The first free block at or above `from`. */
export async function findFreeBase(from = DEFAULT_PORT_BASE): Promise<number> {
  for (let base = from; base < 32_000; base += BLOCK) if ((await takenPort(base)) === null) return base;
  throw new Error('found no free block of ports: give one with --port-base');
}

/**
 * Keeps the block for this launcher as long as it lives, by listening on the block's last port: of two that start at
 * the same moment only one gets it. Null when another launcher has it.
 */
export function reserveBlock(base: number): Promise<(() => void) | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(null));
    server.listen(portsFrom(base).launcher, '127.0.0.1', () => {
      server.unref();
      resolve(() => void server.close());
    });
  });
}
