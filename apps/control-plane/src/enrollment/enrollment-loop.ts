import { pendingEnrollments, type Transaction } from '@trawling/database';
import type { Clock, Logger } from '@trawling/runtime';

export type EnrollmentLoopDeps = {
  db: Transaction;
  verify: (input: { requestId: string; botId: string }) => Promise<void>;
  clock: Clock;
  logger: Logger;
};

/** A lost notification costs this long at most. Milliseconds. */
const SCAN_MS = 2_000;
const BATCH = 50;

export type EnrollmentLoop = {
  /** There may be something to decide: look now. */
  wake: () => void;
  /** Resolves when nothing is being decided any more. */
  close: () => Promise<void>;
};

/** Decides what waits, then sleeps until it is woken or the next scan is due. Level-triggered: it reads the table each time. */
export function startEnrollmentLoop(deps: EnrollmentLoopDeps): EnrollmentLoop {
  const closing = new AbortController();
  let nap = new AbortController();
  const wake = (): void => nap.abort();
  closing.signal.addEventListener('abort', wake);

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      // Before looking: what wakes us while we look makes us look again.
      nap = new AbortController();
      const more = await decideWaiting(deps, closing.signal).catch((error: unknown) => {
        deps.logger.warn({ err: error }, 'could not look for enrollments; trying again');
        return false;
      });
      if (!more && !closing.signal.aborted) await deps.clock.sleep(SCAN_MS, nap.signal);
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

/** True when there may be more than one batch. One request that cannot be decided keeps none of the others waiting. */
async function decideWaiting(deps: EnrollmentLoopDeps, signal: AbortSignal): Promise<boolean> {
  const waiting = await pendingEnrollments(deps.db, BATCH);
  let failed = 0;
  for (const { id, botId } of waiting) {
    if (signal.aborted) return false;
    try {
      await deps.verify({ requestId: id, botId });
    } catch (error) {
      failed += 1;
      deps.logger.error({ err: error, bot_id: botId, enrollment_request_id: id }, 'an enrollment could not be decided');
    }
  }
  return waiting.length === BATCH && failed < BATCH;
}
