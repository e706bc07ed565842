import { type ChildProcess, spawn } from 'node:child_process';

/** Waits for the end of its stdin, which comes with the end of whoever started it, however that ended. */
const WATCH = `process.stdin.resume().on('end', () => {
  for (const pid of process.argv.slice(1)) try { process.kill(Number(pid), 'SIGKILL'); } catch {}
});`;

/**
 * Kills these processes when the process that runs the tests goes away without closing them: aborted, killed, crashed.
 * Call what it returns once they are closed.
 */
function endWithTests(pids: readonly number[]): () => Promise<void> {
  const watcher = spawn(process.execPath, ['-e', WATCH, ...pids.map(String)], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  const gone = new Promise<void>((resolve) => watcher.once('exit', () => resolve()));
  return async () => {
    watcher.kill('SIGKILL');
    await gone;
  };
}

/** Resolves with the exit code once it is gone; it goes with the tests at the latest. */
export async function untilGone(child: ChildProcess): Promise<number | null> {
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const release = child.pid === undefined ? async () => undefined : endWithTests([child.pid]);
  const code = await exited;
  await release();
  return code;
}
