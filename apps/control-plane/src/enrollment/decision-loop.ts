import type { Clock, Logger } from '@trawling/runtime';

/** One row that waits to be decided. */
export type Undecided = { id: string; botId: string };

export type DecisionLoopDeps = {
  /** What is decided here, for the log: "enrollment". */
  what: string;
  /** What waits, oldest first. */
  find: (limit: number) => Promise<Undecided[]>;
  /** Decides one of them in a transaction of its own. */
  decide: (one: Undecided) => Promise<void>;
  /** A lost notification costs this long at most. Milliseconds, default 2 s. */
  scanMs?: number;
  clock: Clock;
  logger: Logger;
};

const SCAN_MS = 2_000;
const BATCH = 50;

export type DecisionLoop = {
  /** There may be something to decide: look now. */
  wake: () => void;
  /** Resolves when nothing is being decided any more. */
  close: () => Promise<void>;
};

/** Decides what waits, then sleeps until it is woken or the next scan is due. Level-triggered: it reads the table each time. */
export function startDecisionLoop(deps: DecisionLoopDeps): DecisionLoop {
  const closing = new AbortController();
  let nap = new AbortController();
  const wake = (): void => nap.abort();
  closing.signal.addEventListener('abort', wake);

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      // Before looking: what wakes us while we look makes us look again.
      nap = new AbortController();
      const more = await decideWaiting(deps, closing.signal).catch((error: unknown) => {
        deps.logger.warn({ err: error, what: deps.what }, 'could not look for what waits to be decided; trying again');
        return false;
      });
      if (!more && !closing.signal.aborted) await deps.clock.sleep(deps.scanMs ?? SCAN_MS, nap.signal);
    }
  };
  const running = run();
  return {
    wake,
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** True when there may be more than one batch. One that cannot be decided keeps none of the others waiting. */
async function decideWaiting(deps: DecisionLoopDeps, signal: AbortSignal): Promise<boolean> {
  const waiting = await deps.find(BATCH);
  let failed = 0;
  for (const one of waiting) {
    if (signal.aborted) return false;
    try {
      await deps.decide(one);
    } catch (error) {
      failed += 1;
      deps.logger.error({ err: error, what: deps.what, bot_id: one.botId, id: one.id }, 'what waits could not be decided');
    }
  }
  return waiting.length === BATCH && failed < BATCH;
}
