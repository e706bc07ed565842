import { type Report } from './protocol.js';

/** Where a worker stands still until it is told to go on. */
export type Gate = {
  pass: (step: string) => Promise<void>;
  /** Until the test's time is `untilMs`, or at once when `signal` aborts. */
  sleepUntil: (untilMs: number, signal?: AbortSignal) => Promise<void>;
  go: (hold: number) => void;
};

export function createGate(report: (report: Report) => void): Gate {
  const waiting = new Map<number, () => void>();
  let last = 0;
  const hold = (step: string, untilMs: number | null, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const id = (last += 1);
      const giveUp = (): void => {
        if (!waiting.delete(id)) return;
        report({ kind: 'gone_on', hold: id });
        resolve();
      };
      waiting.set(id, () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      });
      signal?.addEventListener('abort', giveUp, { once: true });
      report({ kind: 'held', hold: id, step, untilMs });
    });
  return {
    pass: (step) => hold(step, null),
    sleepUntil: async (untilMs, signal) => {
      if (!signal?.aborted) await hold('sleep', untilMs, signal);
    },
    go(id) {
      const resume = waiting.get(id);
      waiting.delete(id);
      resume?.();
    },
  };
}
