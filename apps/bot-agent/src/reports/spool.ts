import { type z } from 'zod';
import { type Host } from '../host.js';

export interface Spool<T> {
  /** On the disk when this resolves. An item whose key is already waiting is not added again. */
  push(...items: T[]): Promise<void>;
  /** The oldest waiting items; they stay until removed. */
  peek(count: number): T[];
  size(): number;
  /** Removes these very items, as peek gave them. */
  remove(items: readonly T[]): Promise<void>;
  /** How many were dropped for lack of room since the last call. */
  takeDropped(): number;
}

export interface SpoolOptions<T> {
  host: Host;
  path: string;
  schema: z.ZodType<T>;
  /** Two items with one key are the same report. */
  keyOf(item: T): string;
  /** The oldest are dropped above this. */
  maxItems: number;
}

/** Rewriting the file for every confirmed item would write the whole queue each time. */
const REWRITE_AFTER = 200;

/**
 * Reports that wait on the disk until the sync-adapter has them. Append-only lines; what was confirmed is removed by
 * rewriting now and then, so a crash may send something again but never loses it: receivers know items by their key.
 */
export async function openSpool<T>(options: SpoolOptions<T>): Promise<Spool<T>> {
  const { host, path, maxItems } = options;
  const waiting = new Map<string, T>();
  let dropped = 0;
  let stale = 0;
  let writing: Promise<void> = Promise.resolve();

  const line = (item: T) => `${JSON.stringify(item)}\n`;
  /** One write at a time, in order; a failed one does not keep the next from trying. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const result = writing.then(work);
    writing = result.catch(() => undefined);
    return result;
  };
  const rewrite = async () => {
    stale = 0;
    await host.writeAtomic(path, [...waiting.values()].map(line).join(''));
  };

  const stored = (await host.readText(path)) ?? '';
  for (const text of stored.split('\n')) {
    const item = parseLine(options.schema, text);
    if (item !== null) waiting.set(options.keyOf(item), item);
  }
  // A line that a crash cut off has no end: the next one must not be glued to it.
  if (stored !== '' && !stored.endsWith('\n')) await rewrite();

  return {
    push: (...items) =>
      inTurn(async () => {
        const fresh: T[] = [];
        for (const item of items) {
          if (waiting.has(options.keyOf(item))) continue;
          waiting.set(options.keyOf(item), item);
          fresh.push(item);
        }
        for (const [key] of waiting) {
          if (waiting.size <= maxItems) break;
          waiting.delete(key);
          dropped += 1;
          stale += 1;
        }
        if (stale > REWRITE_AFTER) await rewrite();
        else if (fresh.length > 0) await host.append(path, fresh.map(line).join(''));
      }),
    peek: (count) => [...waiting.values()].slice(0, count),
    size: () => waiting.size,
    remove: (items) =>
      inTurn(async () => {
        for (const item of items) {
          if (waiting.get(options.keyOf(item)) === item) {
            waiting.delete(options.keyOf(item));
            stale += 1;
          }
        }
        if (stale > 0 && (waiting.size === 0 || stale > REWRITE_AFTER)) await rewrite();
      }),
    takeDropped: () => {
      const count = dropped;
      dropped = 0;
      return count;
    },
  };
}

/** Null for a line that a crash cut off, or that another version of the agent wrote in a form this one does not know. */
function parseLine<T>(schema: z.ZodType<T>, text: string): T | null {
  if (text === '') return null;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
