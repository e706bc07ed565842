import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RuntimeUnavailable } from './runtime-unavailable.js';

/** From the package's own `engines`: >=24.16.0 <25 || >=26.1.0. */
export function canRunOpenclaw(nodeVersion: string): boolean {
  const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number);
  return (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26;
}

/**
 * The Node that came with the installation (Linux), else one of this system that is new enough.
 * Throws RuntimeUnavailable with what to do.
 */
export async function findOpenclawNode(options: { modules: string; openclawVersion: string }): Promise<string> {
  const bundled = join(options.modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
  for (const candidate of [bundled, process.execPath, 'node']) {
    const found = await askNode(candidate);
    if (found && canRunOpenclaw(found.version)) return found.path;
  }
  throw new RuntimeUnavailable(
    `OpenClaw ${options.openclawVersion} needs Node 24.16 or newer (24.x or 26.1+) and none was found for ` +
      `${process.platform}-${process.arch}: install one (for example "brew install node@24"), put it on the PATH and try again.`,
  );
}

/** Its real path: a name that is looked up on the PATH later might mean another one. */
async function askNode(command: string): Promise<{ path: string; version: string } | null> {
  try {
    const { stdout } = await promisify(execFile)(command, ['-p', 'process.execPath + "\\n" + process.version'], { timeout: 20_000 });
    const [path, version] = stdout.trim().split('\n');
    return path === undefined || version === undefined ? null : { path, version };
  } catch {
    return null;
  }
}
