import type { InstanceFilter } from '@trawling/contracts';
import type { Clock } from '@trawling/runtime';
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
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  res.once('close', leave);
  const over = AbortSignal.any([gone.signal, deps.stopping]);
  const waiting = new Set(deps.instances.keys());
  const told = new Set<string>();
  let waking = new AbortController();
  const unsubscribe = deps.onChange((ids) => {
    for (const id of ids) waiting.add(id);
    waking.abort();
  });

  const send = (text: string): Promise<boolean> => (res.write(text) ? Promise.resolve(true) : drained(res, { clock, over, slowMs: pace.slowMs }));
  const eventOf = (id: string): string | null => {
    const instance = deps.instances.get(id);
    const isSeen = instance && (ownerId === null || instance.ownerId === ownerId) && matchesFilter(instance.view, filter);
    if (isSeen) {
      told.add(id);
      return sse('instance', instance.view);
    }
    return told.delete(id) ? sse('gone', { instance_id: id }) : null;
  };
  /** False when the reader did not read. */
  const sendWaiting = async (): Promise<boolean> => {
    for (const id of waiting) {
      if (over.aborted) return true;
      waiting.delete(id);
      const event = eventOf(id);
      if (event !== null && !(await send(event))) return false;
    }
    return true;
  };

  let sentAt = clock.monotonicMs();
  let checkedAt = sentAt;
  let heldAt = sentAt;
  try {
    if (!(await send('retry: 2000\n\n')) || !(await sendWaiting()) || (!over.aborted && !(await send(sse('current', { instances: told.size }))))) return 'slow';
    while (!over.aborted) {
      await clock.sleep(Math.min(pace.heartbeatMs, pace.keyCheckMs), AbortSignal.any([waking.signal, over]));
      waking = new AbortController();
      const now = clock.monotonicMs();
      if (now - checkedAt >= pace.keyCheckMs) {
        checkedAt = now;
        const holds = await deps.keyHolds().catch(() => null);
        if (holds === true) heldAt = now;
        if (holds === false || now - heldAt >= pace.keyTrustedMs) return 'key-ended';
      }
      const isQuiet = waiting.size === 0;
      if (isQuiet && now - sentAt < pace.heartbeatMs) continue;
      if (!over.aborted && !(isQuiet ? await send(': heartbeat\n\n') : await sendWaiting())) return 'slow';
      sentAt = now;
    }
    return gone.signal.aborted ? 'client-gone' : 'stopping';
  } finally {
    unsubscribe();
    res.off('close', leave);
  }
}

const sse = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** Whether the reader took what was written; true as well when the stream is over meanwhile. */
async function drained(res: Reader, { clock, over, slowMs }: { clock: Clock; over: AbortSignal; slowMs: number }): Promise<boolean> {
  const taken = new AbortController();
  const take = (): void => taken.abort();
  res.once('drain', take);
  await clock.sleep(slowMs, AbortSignal.any([taken.signal, over]));
  res.off('drain', take);
  return taken.signal.aborted || over.aborted;
}
