import { backoffMs, systemClock, type Clock } from '@trawling/runtime';
import { type Change } from './change.js';
import { openFeedSession, type FeedSession } from './feed-session.js';

export type ChangeFeedOptions = {
  /** A direct connection: LISTEN does not survive a pooler in transaction mode. The role reads change_log. */
  url: string;
  onChange: (change: Change) => void;
  /** Nobody knows what was missed: a broken connection listens again, or too much happened at once. Read everything. */
  onReconnect: () => void;
  logger?: { warn: (details: object, message: string) => void };
  clock?: Clock;
  random?: () => number;
  /** How often change_log is read behind the notifications; also notices a half-open connection. */
  scanMs?: number;
};

export type ChangeFeed = {
  /**
   * Up to when everything that had been committed has been told, in the clock's `monotonicMs`. It lags by `scanMs` and
   * the time of one scan; when it lags by more, nobody should trust what was told.
   */
  confirmedAt: () => number;
  close: () => Promise<void>;
};

/**
 * Listens on a connection of its own and reconnects for ever, 0.1 to 10 s apart.
 * Resolves when it listens; rejects when the first attempt fails.
 */
export async function listenForChanges(options: ChangeFeedOptions): Promise<ChangeFeed> {
  const { clock = systemClock, random = Math.random, scanMs = 1_500 } = options;
  const closing = new AbortController();

  const open = (): Promise<FeedSession> => openFeedSession({ url: options.url, onChange: options.onChange, monotonicMs: clock.monotonicMs });
  let confirmedAt = clock.monotonicMs();
  let current = await open();

  /** Scans until the session breaks (the reason) or the feed is closed (null). */
  const serve = async (session: FeedSession): Promise<unknown> => {
    for (;;) {
      await nap(clock, scanMs, [session.broken, closing.signal]);
      if (closing.signal.aborted) return null;
      if (session.broken.aborted) return session.broken.reason;
      const startedAt = clock.monotonicMs();
      const missed = await session.scan().catch((reason: unknown) => asError(reason));
      if (missed instanceof Error) return missed;
      if (missed === null) options.onReconnect();
      else missed.forEach(options.onChange);
      confirmedAt = startedAt;
    }
  };

  const keepListening = async (): Promise<void> => {
    for (;;) {
      const error = await serve(current);
      await current.end();
      if (closing.signal.aborted) return;
      options.logger?.warn({ err: error }, 'the change feed broke; reconnecting');
      const next = await reconnect();
      if (!next) return;
      current = next.session;
      options.onReconnect();
      confirmedAt = next.openedAt;
    }
  };

  const reconnect = async (): Promise<{ session: FeedSession; openedAt: number } | null> => {
    for (let attempt = 0; !closing.signal.aborted; attempt++) {
      await clock.sleep(backoffMs({ attempt, baseMs: 100, maxMs: 10_000, random }), closing.signal);
      if (closing.signal.aborted) return null;
      try {
        const openedAt = clock.monotonicMs();
        const session = await open();
        if (!closing.signal.aborted) return { session, openedAt };
        await session.end();
      } catch (error) {
        options.logger?.warn({ err: error, attempt }, 'the change feed cannot reconnect yet');
      }
    }
    return null;
  };

  const running = keepListening();
  return {
    confirmedAt: () => confirmedAt,
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

/** Sleeps, or returns when one of the signals aborts. */
async function nap(clock: Clock, ms: number, signals: readonly AbortSignal[]): Promise<void> {
  const waking = new AbortController();
  const wake = (): void => waking.abort();
  for (const signal of signals) signal.addEventListener('abort', wake, { once: true });
  if (signals.some((signal) => signal.aborted)) wake();
  await clock.sleep(ms, waking.signal);
  for (const signal of signals) signal.removeEventListener('abort', wake);
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
