import { writeFailureOf, type WriteFailure } from './write-failure.js';

export interface WriteBatchOptions<Item, Result> {
  /** Writes all items or none of them, in one transaction, and answers a result for each, in their order, after the commit. */
  write: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Told of every write, also of those that fail. */
  onWrite?: (info: { items: number; failure: WriteFailure | null; error?: unknown }) => void;
}

export type Outcome<Result> = { result: Result } | { failure: WriteFailure; error: unknown };

/** How often a batch that lost against other transactions is tried. */
const MAX_TRIES = 3;

/**
 * Writes the batch; when Postgres refuses its data, halves of it, so that whoever sent what it refuses fails alone.
 * `settle` is called once for each item. Never rejects.
 */
export async function writeBatch<Item, Result>(
  options: WriteBatchOptions<Item, Result>,
  items: readonly Item[],
  settle: (index: number, outcome: Outcome<Result>) => void,
): Promise<void> {
  const outcome = await tryWrite(options, items);
  if ('results' in outcome) {
    return items.forEach((_item, index) => {
      const result = outcome.results[index];
      settle(index, result === undefined ? { failure: 'bug', error: new Error('a write answered too few results') } : { result });
    });
  }
  if (outcome.failure !== 'data' || items.length === 1) return items.forEach((_item, index) => settle(index, outcome));
  const half = Math.ceil(items.length / 2);
  await writeBatch(options, items.slice(0, half), settle);
  await writeBatch(options, items.slice(half), (index, result) => settle(half + index, result));
}

async function tryWrite<Item, Result>(
  { write, onWrite }: WriteBatchOptions<Item, Result>,
  items: readonly Item[],
): Promise<{ results: readonly Result[] } | { failure: WriteFailure; error: unknown }> {
  for (let tries = 1; ; tries++) {
    try {
      const results = await write(items);
      onWrite?.({ items: items.length, failure: null });
      return { results };
    } catch (error) {
      const failure = writeFailureOf(error);
      onWrite?.({ items: items.length, failure, error });
      if (failure !== 'again') return { failure, error };
      if (tries === MAX_TRIES) return { failure: 'unknown', error };
    }
  }
}
