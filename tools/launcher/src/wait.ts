import { systemClock } from '@trawling/runtime';

/** Thrown when the person asked to stop while something was awaited. */
export class Stopped extends Error {
  constructor() {
    super('stopped on request');
  }
}

/** When all of it must be over, and whether somebody asked to stop. */
export type Bounds = { deadlineMs: number; signal: AbortSignal };

export const boundsOf = (seconds: number, signal: AbortSignal): Bounds => ({
  deadlineMs: systemClock.monotonicMs() + seconds * 1000,
  signal,
});

/** Between two steps that cannot be cut short. */
export function throwIfStopped({ signal }: Bounds): void {
  if (signal.aborted) throw new Stopped();
}

/**
 * Asks until `look` gives something other than null. Errors it throws end the wait. Past the deadline it rejects,
 * saying what was awaited and, when `describe` is given, what was last seen.
 */
export async function waitFor<T>(
  bounds: Bounds,
  what: string,
  look: () => Promise<T | null> | T | null,
  { everyMs = 200, describe = () => '' }: { everyMs?: number; describe?: () => string } = {},
): Promise<T> {
  for (;;) {
    if (bounds.signal.aborted) throw new Stopped();
    const found = await look();
    if (found !== null) return found;
    if (systemClock.monotonicMs() > bounds.deadlineMs) {
      const seen = describe();
      throw new Error(`timed out waiting for ${what}${seen ? `: ${seen}` : ''}`);
    }
    await systemClock.sleep(everyMs, bounds.signal);
  }
}
