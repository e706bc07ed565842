import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

/** The checkout this file lies in, from its sources and from its bundle. */
export function checkoutFolder(from = __dirname): string {
  return existsSync(join(from, 'nx.json')) ? from : checkoutFolder(dirname(from));
}

/** Bundles the worker, which is part of the provisioner, into one file; gives its path. */
export async function buildWorker(folder: string): Promise<string> {
  const file = join(folder, 'worker.js');
  await build({
    entryPoints: [join(checkoutFolder(), 'apps/provisioner/src/testing/held-worker/main.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@trawling/source'],
    external: ['pg-native'],
    loader: { '.sh': 'text' },
    logLevel: 'error',
  });
  return file;
}
