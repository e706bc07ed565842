import { commandLine, identify, isAlive, parentOf, type ProcessIdentity } from './process-table.js';

/**
 * The `npm` process that runs us, and the shell between: null when npm did not start us. When one of them is killed
 * with SIGKILL nobody can pass it on, so a launcher has to notice by itself that it is alone.
 */
export function findGuardians(pid: number): ProcessIdentity[] | null {
  const chain: number[] = [];
  for (let parent = parentOf(pid); parent !== null && parent > 1 && chain.length < 3; parent = parentOf(parent)) {
    chain.push(parent);
    if (/^npm |\/npm(?:-cli\.js)? /.test(`${commandLine(parent).join(' ')} `)) return chain.flatMap((p) => identify(p) ?? []);
  }
  return null;
}

/** Calls `onLost` once when a guardian is gone. Returns how to stop looking. */
export function watchGuardians(guardians: ProcessIdentity[], onLost: () => void): () => void {
  const timer = setInterval(() => {
    if (guardians.every(isAlive)) return;
    clearInterval(timer);
    onLost();
  }, 1000);
  timer.unref();
  return () => clearInterval(timer);
}
