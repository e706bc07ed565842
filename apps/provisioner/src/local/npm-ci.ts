import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isErrorWithCode } from '@trawling/runtime';
import { RuntimeUnavailable } from './runtime-unavailable.js';

/** Of npm's own errors, the last lines are enough to find the cause. */
const KEPT_CHARACTERS = 16_000;

/**
 * `npm ci` without install scripts in `folder`; packages that were fetched stay in npm's cache, so a run that was
 * killed is quick to repeat. Throws RuntimeUnavailable with one sentence on what to do.
 */
export async function npmCi(input: { folder: string; signal?: AbortSignal; npm?: string }): Promise<void> {
  const command = input.npm ?? findNpm();
  // Said again on the command line: under "npm start" the environment carries npm's settings for another folder.
  const here = ['--prefix=.', '--workspaces=false', '--include=optional', '--omit=dev'];
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...here];
  const { code, output } = await run(command, args, input);
  if (code !== 0) throw new RuntimeUnavailable(explain(output, code));
}

function run(command: string, args: string[], input: { folder: string; signal?: AbortSignal }): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: input.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(input.signal ? { signal: input.signal } : {}),
    });
    let output = '';
    const keep = (chunk: Buffer): void => void (output = (output + chunk.toString('utf8')).slice(-KEPT_CHARACTERS));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) =>
      reject(
        isErrorWithCode(error, 'ENOENT')
          ? new RuntimeUnavailable('npm was not found: install Node together with npm (https://nodejs.org) and try again.')
          : error,
      ),
    );
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** The npm that came with this Node, else the one on the PATH. */
function findNpm(): string {
  const sibling = join(dirname(process.execPath), 'npm');
  return existsSync(sibling) ? sibling : 'npm';
}

export function explain(output: string, code: number | null): string {
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|network/i.test(output)) {
    return 'OpenClaw could not be downloaded: the npm registry is not reachable. Check the network (or the proxy and registry that npm uses) and try again.';
  }
  if (/ENOSPC/.test(output)) return 'OpenClaw could not be installed: the disk is full; it needs about 1 GB. Free some space and try again.';
  if (/EINTEGRITY/.test(output)) {
    return 'OpenClaw could not be installed: a package differs from its pinned digest. Run "npm cache clean --force" and try again; if it stays so, do not trust the registry in use.';
  }
  if (/E401|E403/.test(output)) return 'OpenClaw could not be downloaded: the npm registry refuses access. Check the credentials npm uses and try again.';
  if (/E404|ETARGET/.test(output)) return 'OpenClaw could not be downloaded: the npm registry in use does not have one of its packages. Try again with the public registry.';
  const lastError = output.split('\n').filter((line) => /^npm (error|ERR!)/.test(line)).at(0) ?? output.trim().split('\n').at(-1) ?? '';
  return `OpenClaw could not be installed: npm ended with code ${code ?? 'none'}${lastError ? ` (${lastError.trim()})` : ''}.`;
}
