import { createBoundedMap } from './bounded-map.js';

/** How long nobody may have confirmed an entry before it is read again: the promise of "at most 5 s late". */
export const TRUST_MS = 5_000;

export interface TrustedMemory<V> {
  /** What is held and can be trusted; never waits, never asks the database. */
  peek: (key: string) => V | undefined;
  /** From memory, else loaded. Many who ask for the same at once share one load. Null is not kept. */
  find: (key: string) => Promise<V | null>;
  /** Everything under these tags may be different now. */
  forget: (tags: readonly string[]) => void;
  forgetAll: () => void;
  size: () => number;
}

export interface TrustedMemoryOptions<V> {
  load: (key: string) => Promise<V | null>;
  /** What hints name this entry by: the bot's id. */
  tagOf: (key: string, value: V) => string;
  maxEntries: number;
  /** Up to when the change feed has told of everything, in `monotonicMs` time. */
  confirmedAt: () => number;
  monotonicMs: () => number;
}

interface Held<V> {
  value: V;
  /** When its load began: it is no older than that. */
  readAt: number;
  tag: string;
}

/**
 * Rows that the change feed keeps true. An entry is trusted while its load, or the feed's last confirmation, began less
 * than TRUST_MS ago; a load that began before a hint is never kept after it, because it may have read what was before.
 */
export function createTrustedMemory<V>(options: TrustedMemoryOptions<V>): TrustedMemory<V> {
  const { load, tagOf, confirmedAt, monotonicMs } = options;
  const keysByTag = new Map<string, Set<string>>();
  const loads = new Map<string, Promise<V | null>>();

  const untag = (key: string, tag: string): void => {
    const keys = keysByTag.get(tag);
    keys?.delete(key);
    if (keys?.size === 0) keysByTag.delete(tag);
  };
  const held = createBoundedMap<Held<V>>({ maxCost: options.maxEntries, onEvict: (key, { tag }) => untag(key, tag) });

  const keep = (key: string, value: V, readAt: number): void => {
    const tag = tagOf(key, value);
    held.set(key, { value, readAt, tag });
    const keys = keysByTag.get(tag);
    if (keys) keys.add(key);
    else keysByTag.set(tag, new Set([key]));
  };

  const peek = (key: string): V | undefined => {
    const entry = held.get(key);
    if (!entry) return undefined;
    return monotonicMs() - Math.max(entry.readAt, confirmedAt()) <= TRUST_MS ? entry.value : undefined;
  };

  const startLoad = (key: string): Promise<V | null> => {
    const readAt = monotonicMs();
    const loading = load(key)
      .then((value) => {
        // Somebody who was told "it may be different" has taken this load out of the list.
        if (value !== null && loads.get(key) === loading) keep(key, value, readAt);
        return value;
      })
      .finally(() => {
        if (loads.get(key) === loading) loads.delete(key);
      });
    loads.set(key, loading);
    return loading;
  };

  return {
    peek,
    find: async (key) => peek(key) ?? loads.get(key) ?? startLoad(key),
    forget(tags) {
      // What a load is about is known only when it ends, so none that is under way is kept.
      loads.clear();
      for (const tag of tags) for (const key of [...(keysByTag.get(tag) ?? [])]) held.delete(key);
    },
    forgetAll() {
      loads.clear();
      held.clear();
    },
    size: () => held.size().entries,
  };
}
