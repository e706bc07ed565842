import { findGuardians, watchGuardians } from './guardian.js';

/** Signals closer together than this are one Ctrl-C: the terminal sends it to npm and to us, and npm sends it on. */
const SAME_PRESS_MS = 700;

export type StopRequest = {
  /** Aborts with the first Ctrl-C, SIGTERM or SIGHUP. */
  signal: AbortSignal;
  /** Stops without a signal, because something failed. */
  stop: () => void;
  dispose: () => void;
};

/**
 * Turns signals into one request to stop; `onForce` runs at the second Ctrl-C, `onOrphaned` when the `npm start` that
 * runs us was killed in a way nobody could pass on.
 */
export function watchSignals(handlers: { onFirst: () => void; onForce: () => void; onOrphaned: () => void }): StopRequest {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (): void => {
    if (!controller.signal.aborted) {
      firstAt = performance.now();
      controller.abort();
      handlers.onFirst();
    } else if (performance.now() - firstAt > SAME_PRESS_MS) {
      handlers.onForce();
    }
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, onSignal);
  const guardians = findGuardians(process.pid);
  const unwatch = guardians ? watchGuardians(guardians, handlers.onOrphaned) : () => undefined;
  return {
    signal: controller.signal,
    stop: () => controller.abort(),
    dispose: () => {
      unwatch();
      for (const name of signals) process.off(name, onSignal);
    },
  };
}
