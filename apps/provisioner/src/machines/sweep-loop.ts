import { jitter, type Clock, type Logger } from '@trawling/runtime';

/** Runs `sweep` at once and then every `everyMs` (±10 %) until stopped; a failing sweep is logged and repeated. */
export function startSweepLoop(
  deps: { clock: Clock; logger: Logger; random: () => number },
  input: { everyMs: number; sweep: () => Promise<unknown> },
): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      try {
        await input.sweep();
      } catch (error) {
        deps.logger.warn({ err: error }, 'a sweep failed');
      }
      await deps.clock.sleep(jitter(input.everyMs, 0.1, deps.random), stopping.signal);
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
