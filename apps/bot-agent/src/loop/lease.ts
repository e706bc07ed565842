import { type Clock } from '@trawling/runtime';
import { type ServerClock } from '../reports/server-clock.js';
import { type JsonFile } from '../state/json-file.js';

export interface Lease {
  /** The sync-adapter answered a heartbeat. */
  renewed(): Promise<void>;
  /** For how long nobody did. */
  silentSeconds(): number;
}

/**
 * How long the bot has been on its own. Counted by the monotonic clock as long as the agent runs; what a process before
 * it had heard is told by the server's time where that is known, so that a clock that is set does not fence a bot.
 */
export function openLease(deps: {
  file: Pick<JsonFile<{ renewed_at: string }>, 'current' | 'write'>;
  clock: Pick<Clock, 'monotonicMs'>;
  serverClock: Pick<ServerClock, 'now'>;
}): Lease {
  const { file, clock, serverClock } = deps;
  const stored = file.current()?.renewed_at;
  const silentBeforeMs = stored ? Math.max(0, serverClock.now().getTime() - Date.parse(stored)) : 0;
  let sinceMs = clock.monotonicMs() - silentBeforeMs;

  return {
    renewed: async () => {
      sinceMs = clock.monotonicMs();
      // A full disk: the lease counts all the same, but for a process that comes after this one.
      await file.write({ renewed_at: serverClock.now().toISOString() }).catch(() => undefined);
    },
    silentSeconds: () => (clock.monotonicMs() - sinceMs) / 1000,
  };
}
