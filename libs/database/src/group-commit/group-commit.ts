import { DomainError } from '@trawling/contracts';
import { systemClock, type Clock } from '@trawling/runtime';
import { RefusedDataError } from './write-failure.js';
import { writeBatch, type WriteBatchOptions } from './write-batch.js';

export interface GroupCommitOptions<Item, Result> extends WriteBatchOptions<Item, Result> {
  /** What is written, for errors: `heartbeats`. */
  name: string;
  /** Batches are sorted by it, so that two replicas lock rows in one order. Items of one key are never written at once. */
  keyOf: (item: Item) => string;
  /** One item that says all that two waiting ones of a key say; both get its result. Null: they are written one after the other. */
  merge?: (earlier: Item, later: Item) => Item | null;
  /** Share of `maxWeight` and `maxPending` (default 1); for items that stand for many rows. */
  weightOf?: (item: Item) => number;
  /** A batch that weighs this much does not wait any longer. */
  maxWeight: number;
  /** Milliseconds an item waits for company. */
  maxWaitMs: number;
  /** Beyond this weight of waiting and running items nothing is taken. */
  maxPending: number;
  /** Batches written at once (default 2). */
  maxWriters?: number;
  clock?: Pick<Clock, 'sleep'>;
}

export interface GroupCommit<Item, Result> {
  /**
   * Resolves when the item is durable. Throws RefusedDataError when Postgres will not keep it, `unavailable` when there
   * is no room or no database, or when it is unknown whether the item was stored: nobody may then say that it was.
   */
  submit: (item: Item) => Promise<Result>;
  /** Weight of what is not durable yet. */
  pending: () => number;
  /** Takes nothing more, writes what waits and resolves when all of it is answered. */
  close: () => Promise<void>;
}

type Entry<Item, Result> = {
  item: Item;
  key: string;
  weight: number;
  settle: { resolve: (result: Result) => void; reject: (error: unknown) => void }[];
};

/**
 * Requests that arrive within a few milliseconds share one write (one commit, one wait for the disk), and each is
 * answered after its own data is durable.
 */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const { name, keyOf, merge, weightOf = () => 1, maxWeight, maxWaitMs, maxPending, maxWriters = 2, clock = systemClock } = options;
  let waiting: Entry<Item, Result>[] = [];
  /** Waiting entries that later ones of their key may be merged into. */
  const newest = new Map<string, Entry<Item, Result>>();
  const writing = new Set<string>();
  const writers = new Set<Promise<void>>();
  const closing = new AbortController();
  let waitingWeight = 0;
  let writingWeight = 0;
  let timing = false;
  /** The oldest waiting item has waited long enough. */
  let due = false;

  const submit = (item: Item): Promise<Result> => {
    if (closing.signal.aborted) return Promise.reject(unavailable(`No more ${name} are taken: this replica stops.`));
    const weight = weightOf(item);
    if (pending() > 0 && pending() + weight > maxPending) return Promise.reject(unavailable(`Too many ${name} wait for the database.`));
    return new Promise((resolve, reject) => {
      enqueue({ item, key: keyOf(item), weight, settle: [{ resolve, reject }] });
      if (waitingWeight >= maxWeight) pump();
      else startTimer();
    });
  };

  const enqueue = (entry: Entry<Item, Result>): void => {
    const earlier = newest.get(entry.key);
    const merged = earlier && merge ? merge(earlier.item, entry.item) : null;
    if (earlier && merged !== null) {
      earlier.item = merged;
      earlier.settle.push(...entry.settle);
      return;
    }
    waiting.push(entry);
    newest.set(entry.key, entry);
    waitingWeight += entry.weight;
  };

  const startTimer = (): void => {
    if (timing || due) return;
    timing = true;
    void clock.sleep(maxWaitMs, closing.signal).then(() => {
      timing = false;
      due = waiting.length > 0;
      pump();
    });
  };

  const pump = (): void => {
    while (writers.size < maxWriters && (due || waitingWeight >= maxWeight)) {
      const batch = takeBatch();
      if (batch.length === 0) return;
      const running = write(batch).finally(() => {
        writers.delete(running);
        pump();
      });
      writers.add(running);
    }
  };

  /** As much as fits, one entry of a key, none of a key that is being written. */
  const takeBatch = (): Entry<Item, Result>[] => {
    const batch: Entry<Item, Result>[] = [];
    const left: Entry<Item, Result>[] = [];
    let weight = 0;
    for (const entry of waiting) {
      const fits = batch.length === 0 || weight + entry.weight <= maxWeight;
      if (!fits || writing.has(entry.key)) {
        left.push(entry);
        continue;
      }
      writing.add(entry.key);
      if (newest.get(entry.key) === entry) newest.delete(entry.key);
      weight += entry.weight;
      batch.push(entry);
    }
    waiting = left;
    waitingWeight -= weight;
    writingWeight += weight;
    due = waiting.length > 0;
    return batch.sort((a, b) => (a.key < b.key ? -1 : 1));
  };

  const write = async (batch: Entry<Item, Result>[]): Promise<void> => {
    await writeBatch(options, batch.map((entry) => entry.item), (index, outcome) => {
      for (const { resolve, reject } of batch[index]?.settle ?? []) {
        if ('result' in outcome) resolve(outcome.result);
        else reject(outcome.failure === 'unknown' ? unavailable(`It is not known whether the ${name} were stored: send them again.`) : errorOf(outcome));
      }
    });
    for (const entry of batch) {
      writing.delete(entry.key);
      writingWeight -= entry.weight;
    }
  };

  const pending = (): number => waitingWeight + writingWeight;

  return {
    submit,
    pending,
    async close() {
      closing.abort();
      due = waiting.length > 0;
      pump();
      while (writers.size > 0) await Promise.all(writers);
    },
  };
}

const errorOf = ({ failure, error }: { failure: string; error: unknown }): unknown => (failure === 'data' ? new RefusedDataError(error) : error);

/** Retry-After in seconds; agents add their own jitter. */
const unavailable = (detail: string): DomainError => new DomainError('unavailable', detail, { retry_after: 2 });
