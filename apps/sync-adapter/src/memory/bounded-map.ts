export interface BoundedMap<V> {
  get: (key: string) => V | undefined;
  set: (key: string, value: V) => void;
  delete: (key: string) => void;
  clear: () => void;
  /** How many entries, and what they cost together. */
  size: () => { entries: number; cost: number };
}

/**
 * Keeps what was used last, up to `maxCost` in all; what costs more than an eighth of that alone is not kept.
 * `onEvict` hears of everything that leaves.
 */
export function createBoundedMap<V>(options: {
  maxCost: number;
  /** Default: every entry costs 1. */
  costOf?: (value: V) => number;
  onEvict?: (key: string, value: V) => void;
}): BoundedMap<V> {
  const { maxCost, costOf = () => 1, onEvict } = options;
  // A Map keeps the order of insertion: the first key is the one not used for longest.
  const entries = new Map<string, { value: V; cost: number }>();
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
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value) {
      remove(key);
      const entry = { value, cost: costOf(value) };
      if (entry.cost > Math.max(1, maxCost / 8)) return void onEvict?.(key, value);
      entries.set(key, entry);
      cost += entry.cost;
      for (const oldest of entries.keys()) {
        if (cost <= maxCost) break;
        remove(oldest);
      }
    },
    delete: remove,
    clear() {
      for (const key of [...entries.keys()]) remove(key);
    },
    size: () => ({ entries: entries.size, cost }),
  };
}
