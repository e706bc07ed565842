import { type Clock, type Logger } from '@trawling/runtime';

/** Milliseconds between two beats: a few of them may fail before the replicas count as silent. */
const BEAT_MS = 5_000;

/**
 * Says every 5 s, in the database and by its clock, that bots can be heard, so that nobody takes a silence of ours for
 * one of theirs. Returns what ends it.
 */
export function startReceiverBeat(deps: { beatAsReceiver: (kind: 'sync-adapter') => Promise<void>; clock: Pick<Clock, 'sleep'>; logger: Logger }): () => Promise<void> {
  const stopping = new AbortController();
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await deps.beatAsReceiver('sync-adapter').catch((error: unknown) => deps.logger.warn({ err: error }, 'could not say that bots can be heard'));
      await deps.clock.sleep(BEAT_MS, stopping.signal);
    }
  })();
  return async () => {
    stopping.abort();
    await running;
  };
}
