import { DomainError } from '@trawling/contracts';

/** Keys of one query. */
const MAX_KEYS = 500;
/** Queries under way at once: a slow one does not hold up everyone. */
const MAX_BATCHES = 2;
/** Who waits for a query to begin: beyond it the database is slower than what is asked, by strangers too. */
const MAX_WAITING = 20_000;

interface Waiting<V> {
  key: string;
  resolve: (value: V | null) => void;
  reject: (error: unknown) => void;
}

/**
 * Turns many look-ups of one row into few of many rows. A single caller waits for nothing; who comes while queries are
 * under way goes with the next. So ten thousand bots that look again at once cost dozens of queries, not thousands.
 * Throws `unavailable` when too many wait.
 */
export function createBatchLoader<V>(
  load: (keys: string[]) => Promise<Map<string, V>>,
  { maxWaiting = MAX_WAITING }: { maxWaiting?: number } = {},
): (key: string) => Promise<V | null> {
  let queue: Waiting<V>[] = [];
  let running = 0;
  let isScheduled = false;

  const schedule = (): void => {
    if (isScheduled || running >= MAX_BATCHES || queue.length === 0) return;
    isScheduled = true;
    // Whoever asks in the same turn of the loop comes along.
    queueMicrotask(() => {
      isScheduled = false;
      const batch = queue.slice(0, MAX_KEYS);
      queue = queue.slice(MAX_KEYS);
      void run(batch).finally(schedule);
      schedule();
    });
  };

  const run = async (batch: Waiting<V>[]): Promise<void> => {
    running += 1;
    try {
      const found = await load([...new Set(batch.map(({ key }) => key))]);
      for (const { key, resolve } of batch) resolve(found.get(key) ?? null);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running -= 1;
    }
  };

  return (key) =>
    new Promise((resolve, reject) => {
      if (queue.length >= maxWaiting) return reject(new DomainError('unavailable', 'Too many wait to be looked up: try again.', { retry_after: 2 }));
      queue.push({ key, resolve, reject });
      schedule();
    });
}
