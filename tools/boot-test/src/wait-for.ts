import { systemClock } from '@trawling/runtime';

/** When all of it must be over, and whether somebody asked to stop. */
export type Bounds = { deadlineMs: number; signal: AbortSignal };

/** Asks until `look` gives something other than null; errors it throws end the wait. Past the deadline it says what was awaited. */
export async function waitFor<T>(bounds: Bounds, what: string, look: () => Promise<T | null>, describe: () => string = () => ''): Promise<T> {
  for (;;) {
    if (bounds.signal.aborted) throw new Error('stopped on request');
    const found = await look();
    if (found !== null) return found;
    if (systemClock.monotonicMs() > bounds.deadlineMs) throw new Error(`timed out waiting for ${what}: ${describe() || 'nothing was seen'}`);
    await systemClock.sleep(250, bounds.signal);
  }
}
