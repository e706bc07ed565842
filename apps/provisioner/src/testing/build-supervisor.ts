import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** The supervisor as one file that Node can start; a spec file makes it once and removes it at its end. */
export async function buildSupervisor(): Promise<{ file: string; remove: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'trawling-supervisor-'));
  const file = join(folder, 'supervisor.js');
  await build({
    entryPoints: [join(__dirname, '..', 'supervisor.ts')],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    conditions: ['@trawling/source'],
    logLevel: 'warning',
  });
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}
