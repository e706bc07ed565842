import { type Clock } from '@trawling/runtime';

export interface Wake {
  /** Ends the current wait, or the next one if nobody waits: no wake is lost. */
  wake(): void;
  /** Resolves after ms, at once when woken or stopped. */
  wait(ms: number): Promise<void>;
  /** For waiting on something else meanwhile: aborts when woken, is aborted already when somebody rang before. */
  bell(): AbortSignal;
}

/** An alarm clock with a bell: loops sleep on it, others ring it. One ring ends one wait. */
export function createWake(clock: Clock, stop: AbortSignal): Wake {
  let bell = new AbortController();
  /** A bell that has rung is answered by whoever takes it next; then a new one hangs. */
  const take = (): AbortSignal => {
    const taken = bell.signal;
    if (taken.aborted) bell = new AbortController();
    return taken;
  };

  return {
    wake: () => bell.abort(),
    bell: take,
    wait: async (ms) => {
      await clock.sleep(ms, AbortSignal.any([stop, bell.signal]));
      take();
    },
  };
}
