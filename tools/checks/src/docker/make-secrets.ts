import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';

/** What the service `secrets` does, but for the change of owner; the names of the files by service. */
export function makeSecrets(input: { docker: string; folder: string; databaseHost?: string }): Record<string, string[]> {
  const { docker, ...options } = input;
  const script = `import { makeSecrets } from ${JSON.stringify(join(docker, 'make-secrets.mjs'))};
    console.log(JSON.stringify(makeSecrets(${JSON.stringify({ ...options, owner: null })})));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return z.record(z.string(), z.array(z.string())).parse(JSON.parse(stdout));
}
