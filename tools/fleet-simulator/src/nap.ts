export type Nap = {
  /** One at a time. Ends early by `wake`, and at once when the bot has ended. */
  sleep: (ms: number) => Promise<void>;
  wake: () => void;
};

/**
 * Naps of one bot, all of which end when `signal` aborts. They share one listener at the signal, and hold little else:
 * what tens of thousands of sleepers hold, the garbage collector carries along until they wake.
 */
export function createNaps(signal: AbortSignal): () => Nap {
  const naps: Nap[] = [];
  signal.addEventListener('abort', () => naps.forEach(({ wake }) => wake()), { once: true });
  return () => {
    let timer: NodeJS.Timeout | undefined;
    let resume: (() => void) | null = null;
    const wake = (): void => {
      clearTimeout(timer);
      resume?.();
      resume = null;
    };
    const nap: Nap = {
      wake,
      sleep: (ms) =>
        new Promise((resolve) => {
          if (signal.aborted) return resolve();
          resume = resolve;
          timer = setTimeout(wake, ms);
        }),
    };
    naps.push(nap);
    return nap;
  };
}
