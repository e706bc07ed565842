import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const Runtime = z.object({ node: z.string(), openclawMjs: z.string() });
export type OpenclawRuntime = z.infer<typeof Runtime>;

const ROOT = resolve(__dirname, '../../../..');
/** Downloads 770 MB when the cache is empty. */
const INSTALL_MS = 900_000;

/**
 * The pinned OpenClaw, from the cache that `npm start` uses (OPENCLAW_RUNTIME_DIR overrules it), installed there by
 * the provisioner's own program when it is missing. OPENCLAW_RUNTIME_DIR may also name an installation itself.
 */
export function openclawRuntime(): OpenclawRuntime {
  const chosen = process.env['OPENCLAW_RUNTIME_DIR'];
  if (chosen && existsSync(join(chosen, 'node_modules/openclaw/openclaw.mjs'))) {
    const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
    return {
      node: join(chosen, 'node_modules', platform, 'bin/node'),
      openclawMjs: join(chosen, 'node_modules/openclaw/openclaw.mjs'),
    };
  }
  const cache = chosen ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'trawling-traders/openclaw-runtime');
  const provisioner = join(ROOT, 'apps/provisioner');
  const supervisor = join(provisioner, 'dist/supervisor.js');
  if (!existsSync(supervisor)) execFileSync(process.execPath, [join(ROOT, 'tools/build-services.mjs')], { stdio: 'pipe' });
  const answer = execFileSync(process.execPath, [supervisor, 'install-runtime', cache], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: INSTALL_MS });
  return Runtime.parse(JSON.parse(answer));
}
