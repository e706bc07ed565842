import type { InstanceFilter } from '@trawling/contracts';
import { type Clock, waitAtMost } from '@trawling/runtime';
import type { EventEmitter } from 'node:events';
import type { KnownInstance } from './directory-memory.js';
import { matchesFilter } from './instance-view.js';

/** Milliseconds. */
export type Pace = {
  /** Between two signs of life on a stream without news. */
  heartbeatMs: number;
  /** Between two looks whether the key still holds. */
  keyCheckMs: number;
  /** How long a key counts that could not be looked up: then the database is away and the stream is stale. */
  keyTrustedMs: number;
  /** How long a reader may leave what was sent unread. */
  slowMs: number;
};
export const usualPace: Pace = { heartbeatMs: 15_000, keyCheckMs: 3_000, keyTrustedMs: 15_000, slowMs: 20_000 };

export type StreamEnd = 'client-gone' | 'stopping' | 'key-ended' | 'slow';

/** The part of a response that a stream needs. */
export type Reader = Pick<EventEmitter, 'once' | 'off'> & { write: (text: string) => boolean };

export type FollowDeps = {
  instances: ReadonlyMap<string, KnownInstance>;
  /** Tells of changed and gone ones until the returned function is called. */
  onChange: (tell: (ids: readonly string[]) => void) => () => void;
  keyHolds: () => Promise<boolean>;
  clock: Clock;
  pace: Pace;
  stopping: AbortSignal;
};

/**
 * Sends what is there, then `current`, then what changes. What waits to be sent is only ids, each once; what they say is
 * looked up when there is room, so a slow reader skips what is outdated and costs no memory. Resolves with why it ended.
 */
export async function followInstances(
  deps: FollowDeps,
  { res, ownerId, filter }: { res: Reader; ownerId: string | null; filter: InstanceFilter },
): Promise<StreamEnd> {
  const { clock, pace } = deps;
  let ended: StreamEnd | null = null;
  let waking = new AbortController();
  const end = (why: StreamEnd): void => {
    ended ??= why;
    waking.abort();
  };
  const leave = (): void => end('client-gone');
  const stop = (): void => end('stopping');
  res.once('close', leave);
  deps.stopping.addEventListener('abort', stop);
  if (deps.stopping.aborted) stop();

  const waiting = new Set(deps.instances.keys());
  const told = new Set<string>();
  const unsubscribe = deps.onChange((ids) => {
    for (const id of ids) waiting.add(id);
    waking.abort();
  });
  /** The event about an instance; null when this reader neither sees it nor saw it. */
  const eventOf = (id: string): string | null => {
    const instance = deps.instances.get(id);
    if (!instance || (ownerId !== null && instance.ownerId !== ownerId) || !matchesFilter(instance.view, filter)) {
      return told.delete(id) ? sse('gone', { instance_id: id }) : null;
    }
    told.add(id);
    return sse('instance', instance.view);
  };
  /** Sleeps until something happened; what happened before counts. */
  const nap = async (ms: number): Promise<void> => {
    await clock.sleep(ms, waking.signal);
    waking = new AbortController();
  };

  let sentAt = clock.monotonicMs();
  /** Until it was taken, or the stream is over. */
  const send = async (text: string): Promise<void> => {
    if (ended || res.write(text)) return void (sentAt = clock.monotonicMs());
    const slowAt = clock.monotonicMs() + pace.slowMs;
    let taken = false;
    const take = (): void => {
      taken = true;
      waking.abort();
    };
    res.once('drain', take);
    while (!taken && !ended) {
      const left = slowAt - clock.monotonicMs();
      if (left <= 0) end('slow');
      else await nap(left);
    }
    res.off('drain', take);
    sentAt = clock.monotonicMs();
  };

  let checkedAt = clock.monotonicMs();
  let heldAt = checkedAt;
  const checkKey = async (): Promise<void> => {
    const now = clock.monotonicMs();
    if (now - checkedAt < pace.keyCheckMs) return;
    checkedAt = now;
    let holds: boolean | null = null;
    // A database that is cut off without a word answers neither way.
    await waitAtMost(clock, pace.keyCheckMs, deps.keyHolds().then((answer) => (holds = answer), () => undefined));
    if (holds === true) heldAt = now;
    else if (holds === false || now - heldAt >= pace.keyTrustedMs) end('key-ended');
  };
  const sendWaiting = async (): Promise<void> => {
    for (const id of [...waiting]) {
      await checkKey();
      if (ended) return;
      waiting.delete(id);
      const event = eventOf(id);
      if (event !== null) await send(event);
    }
  };

  try {
    await send('retry: 2000\n\n');
    await sendWaiting();
    await send(sse('current', { instances: told.size }));
    for (;;) {
      if (ended) return ended;
      if (waiting.size === 0) await nap(Math.min(pace.heartbeatMs, pace.keyCheckMs));
      await checkKey();
      if (waiting.size > 0) await sendWaiting();
      else if (clock.monotonicMs() - sentAt >= pace.heartbeatMs) await send(': heartbeat\n\n');
    }
  } finally {
    unsubscribe();
    res.off('close', leave);
    deps.stopping.removeEventListener('abort', stop);
  }
}

const sse = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
