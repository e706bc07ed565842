import { type Clock } from '../clock.js';

export type FakeClock = Clock & {
  /** Moves time; sleeps that end on the way wake in their order, each with time to go on and sleep again. */
  advance: (ms: number) => Promise<void>;
  /** How many sleeps are waiting. */
  sleeping: () => number;
};

/** A clock that stands still until it is told to move. */
export function createFakeClock(start: Date | string = '2026-11-01T00:00:00.000Z'): FakeClock {
  const origin = new Date(start).getTime();
  let elapsed = 0;
  const sleepers = new Set<{ at: number; wake: () => void }>();

  return {
    now: () => new Date(origin + elapsed),
    monotonicMs: () => elapsed,
    sleeping: () => sleepers.size,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) return resolve();
        const wake = (): void => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper = { at: elapsed + Math.max(0, ms), wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      }),
    async advance(ms) {
      const target = elapsed + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].filter((s) => s.at <= target).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        elapsed = Math.max(elapsed, next.at);
        next.wake();
        await settle();
      }
      elapsed = target;
      await settle();
    },
  };
}

/** Lets everything that is ready to run do so: one full turn of the event loop. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
