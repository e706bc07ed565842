import { performance } from 'node:perf_hooks';

/** Time as an argument, so that tests own it. */
export type Clock = {
  /** Wall clock; may jump. */
  now: () => Date;
  /** Milliseconds since some fixed moment; never jumps. For durations and deadlines. */
  monotonicMs: () => number;
  /** Resolves after `ms`, or at once when `signal` aborts: loops look at the signal again anyway. Never rejects. */
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
};

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done, { once: true });
    }),
};
