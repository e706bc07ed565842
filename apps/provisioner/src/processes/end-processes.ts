import { type Clock } from '@trawling/runtime';
import { findMarked, type MarkedProcess, type MarkerFilter } from './marked-processes.js';
import { isAlive, signalProcess, type ProcessIdentity } from './process-identity.js';

const LOOK_AGAIN_MS = 50;

/** SIGTERM, then SIGKILL after `graceMs`. Resolves when the process is gone; true when it went by itself. */
export async function endProcess(clock: Clock, identity: ProcessIdentity, graceMs: number): Promise<boolean> {
  await signalProcess(identity, 'SIGTERM');
  if (await waitUntilGone(clock, identity, graceMs)) return true;
  await signalProcess(identity, 'SIGKILL');
  await waitUntilGone(clock, identity, 5_000);
  return false;
}

export async function waitUntilGone(clock: Clock, identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = clock.monotonicMs() + timeoutMs;
  while (await isAlive(identity)) {
    if (clock.monotonicMs() >= deadline) return false;
    await clock.sleep(LOOK_AGAIN_MS);
  }
  return true;
}

/**
 * Ends everything that carries the marker, but `except`: SIGTERM, SIGKILL from `graceMs` on, and looks again until
 * two looks in a row find nothing (a process may be forking while one looks). Returns what is still there after
 * `timeoutMs` in all: normally nothing.
 */
export async function endMarked(
  clock: Clock,
  filter: MarkerFilter,
  options: { graceMs: number; timeoutMs: number; except?: readonly number[] },
): Promise<MarkedProcess[]> {
  const begun = clock.monotonicMs();
  const asked = new Set<string>();
  let quietLooks = 0;
  for (;;) {
    const left = (await findMarked(filter)).filter((one) => !options.except?.includes(one.pid));
    quietLooks = left.length === 0 ? quietLooks + 1 : 0;
    if (quietLooks >= 2) return [];
    const elapsed = clock.monotonicMs() - begun;
    if (elapsed > options.timeoutMs) return left;
    for (const one of left) {
      const key = `${one.pid}/${one.started}`;
      if (elapsed >= options.graceMs) await signalProcess(one, 'SIGKILL');
      else if (!asked.has(key)) await signalProcess(one, 'SIGTERM');
      asked.add(key);
    }
    await clock.sleep(LOOK_AGAIN_MS);
  }
}
