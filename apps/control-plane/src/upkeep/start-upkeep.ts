import type { Clock, Logger } from '@trawling/runtime';

/** Something to be done again and again, by whichever control plane comes first; doing it twice must do no harm. */
export type UpkeepTask = { name: string; everyMs: number; run: () => Promise<void> };

export type Upkeep = {
  /** Resolves when nothing runs any more. */
  close: () => Promise<void>;
};

/** Runs each task at once and then at its pace, ±10 % so that replicas do not move in step. A failure is tried again next time. */
export function startUpkeep(deps: { clock: Clock; logger: Logger; random: () => number }, tasks: readonly UpkeepTask[]): Upkeep {
  const closing = new AbortController();
  const repeat = async ({ name, everyMs, run }: UpkeepTask): Promise<void> => {
    while (!closing.signal.aborted) {
      await run().catch((error: unknown) => deps.logger.warn({ err: error, task: name }, 'upkeep failed; it is tried again'));
      await deps.clock.sleep(everyMs * (0.9 + 0.2 * deps.random()), closing.signal);
    }
  };
  const running = Promise.all(tasks.map(repeat));
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}
