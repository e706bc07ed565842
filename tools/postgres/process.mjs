// Small facts about processes that are not our children.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Whether the process runs. One that has ended but that nobody has waited for (a zombie) does not. */
export function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return process.platform !== 'linux' || isSignallable(pid);
  }
}

function isSignallable(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Sends one signal after another until the process is gone.
 * @param {number} pid @param {[NodeJS.Signals, number][]} ladder signal and how long it may take, in milliseconds
 */
export async function stopProcess(pid, ladder) {
  for (const [signal, patienceMs] of ladder) {
    if (!isRunning(pid)) return;
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const giveUpAt = performance.now() + patienceMs;
    while (performance.now() < giveUpAt) {
      if (!isRunning(pid)) return;
      await sleep(20);
    }
  }
  if (isRunning(pid)) throw new Error(`process ${pid} does not end`);
}
