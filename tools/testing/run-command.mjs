// Runs one program to its end or to a time limit, and leaves nothing of it behind.
import { spawn } from 'node:child_process';

/**
 * @param {{ command: string, args: string[], cwd: string, env?: Record<string, string | undefined>, timeLimitMs: number, quiet?: boolean }} options
 *   quiet: output is kept and shown only when the program fails
 * @returns {Promise<{ ok: boolean, reason: string, output: string }>} reason: why not ok, in words
 */
export function runCommand({ command, args, cwd, env = {}, timeLimitMs, quiet = false }) {
  return new Promise((resolve) => {
    // A process group of its own, so that what it started can be ended with it.
    const child = spawn(command, args, {
      cwd,
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    });
    let output = '';
    const keep = (chunk) => (output += chunk);
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);

    let reason = '';
    const endGroup = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // gone already
      }
    };
    const stop = (why) => {
      reason ||= why;
      endGroup('SIGTERM');
      setTimeout(() => endGroup('SIGKILL'), 10_000).unref();
    };
    const limit = setTimeout(() => stop(`not finished after ${Math.round(timeLimitMs / 1000)} s`), timeLimitMs);
    const interrupted = (signal) => stop(`interrupted (${signal})`);
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted);

    const finish = (ok, why) => {
      clearTimeout(limit);
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
      if (reason) endGroup('SIGKILL');
      resolve({ ok: ok && !reason, reason: reason || why, output });
    };
    child.once('error', (error) => finish(false, error.message));
    child.once('close', (code, signal) => finish(code === 0, code === 0 ? '' : `ended with ${signal ?? `exit code ${code}`}`));
  });
}
