export interface BoundedMap<V> {
  get: (key: string) => V | undefined;
  set: (key: string, value: V) => void;
  delete: (key: string) => void;
  clear: () => void;
  /** How many entries, and what they cost together. */
  size: () => { entries: number; cost: number };
}

/**
 * Keeps what is in use, up to `maxCost` in all; what costs more than an eighth of that alone is not kept. `onEvict` hears
 * of everything that leaves. When it is full, the oldest goes that was not asked for since its last turn (CLOCK): a look
 * only sets a mark, where keeping an order would cost two changes of the map.
 */
export function createBoundedMap<V>(options: {
  maxCost: number;
  /** Default: every entry costs 1. */
  costOf?: (value: V, key: string) => number;
  onEvict?: (key: string, value: V) => void;
}): BoundedMap<V> {
  const { maxCost, costOf = () => 1, onEvict } = options;
  // A Map keeps the order of insertion: its first key is the hand of the clock.
  const entries = new Map<string, { value: V; cost: number; isUsed: boolean }>();
  let cost = 0;

  const remove = (key: string): void => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    cost -= entry.cost;
    onEvict?.(key, entry.value);
  };

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entry.isUsed = true;
      return entry.value;
    },
    set(key, value) {
      remove(key);
      const entry = { value, cost: costOf(value, key), isUsed: false };
      if (entry.cost > Math.max(1, maxCost / 8)) return void onEvict?.(key, value);
      entries.set(key, entry);
      cost += entry.cost;
      // Each entry gets at most one more turn, so this ends.
      for (const [oldest, held] of entries) {
        if (cost <= maxCost) break;
        if (held.isUsed) {
          held.isUsed = false;
          entries.delete(oldest);
          entries.set(oldest, held);
        } else {
          remove(oldest);
        }
      }
    },
    delete: remove,
    clear() {
      for (const key of [...entries.keys()]) remove(key);
    },
    size: () => ({ entries: entries.size, cost }),
  };
}
