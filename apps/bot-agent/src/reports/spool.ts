import { type z } from 'zod';
import { type Host } from '../host.js';
import { openSpoolFiles } from './spool-files.js';
import { encodeRecord } from './spool-records.js';

export interface Spool<T> {
  /**
   * On the disk when this resolves. An item whose key already waits is not added again. Throws when the disk does not
   * take it; then nothing of it is kept.
   */
  push(...items: T[]): Promise<void>;
  /** As push, but what the disk does not take waits in memory and goes to the disk with the next push that it takes. Never throws. */
  hold(...items: T[]): Promise<void>;
  /** The oldest waiting items, within both limits but at least one; they stay until removed. */
  peek(limit: { items: number; bytes?: number }): T[];
  /** Removes these very items, as peek gave them. */
  remove(items: readonly T[]): Promise<void>;
  size(): number;
  /** Bytes of the files, removed items that still lie there included. */
  bytes(): number;
  /** How many wait in memory only, because the disk took nothing. */
  unwritten(): number;
  /** Gives up the oldest file's items, or all in memory when there is no file; how many that were. */
  dropOldest(): Promise<number>;
}

export interface SpoolOptions<T> {
  host: Host;
  /** A folder of its own. */
  dir: string;
  schema: z.ZodType<T>;
  /** Two items with one key are the same report. */
  keyOf(item: T): string;
  /** The oldest are given up above this. */
  maxItems?: number;
  onDropped?(count: number): void;
  /** Called when the disk is full: true when room was made and writing may work now. */
  makeRoom?(): Promise<boolean>;
  /** Bytes after which the next file is begun. */
  fileBytes?: number;
}

const FILE_BYTES = 64 * 1024;
/** Items that may wait in memory when the disk takes nothing. */
const MAX_UNWRITTEN = 1_000;

interface Entry<T> {
  item: T;
  bytes: number;
  /** Null: in memory only. */
  file: number | null;
}

/**
 * Reports that wait on the disk until the sync-adapter has them. A crash may send something again but never loses it
 * (receivers know items by their key), and a torn or corrupted record costs only itself.
 */
export async function openSpool<T>(options: SpoolOptions<T>): Promise<Spool<T>> {
  const { host, dir, keyOf, maxItems = Infinity, onDropped = () => undefined } = options;
  await host.ensureDir(dir);
  const files = await openSpoolFiles(host, dir, options.fileBytes ?? FILE_BYTES);
  const waiting = new Map<string, Entry<T>>();
  let unwritten = 0;
  let writing: Promise<unknown> = Promise.resolve();

  /** One write at a time, in order; a failed one does not keep the next from trying. */
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const result = writing.then(work);
    writing = result.catch(() => undefined);
    return result;
  };
  const forget = (key: string, entry: Entry<T>) => {
    waiting.delete(key);
    if (entry.file === null) unwritten -= 1;
    else files.release(entry.file);
  };
  const newOf = (items: readonly T[]): Entry<T>[] => {
    const keys = new Set<string>();
    const isNew = (key: string) => !waiting.has(key) && !keys.has(key) && keys.add(key);
    return items.filter((item) => isNew(keyOf(item))).map((item) => ({ item, bytes: Buffer.byteLength(JSON.stringify(item)), file: null }));
  };

  const append = async (text: string, count: number): Promise<number> => {
    for (;;) {
      try {
        return await files.append(text, count);
      } catch (error) {
        if (!isDiskFull(error) || !(await options.makeRoom?.())) throw error;
      }
    }
  };
  /** What waits in memory goes first, so that the order stays. */
  const store = async (fresh: Entry<T>[]) => {
    const held = unwritten === 0 ? [] : [...waiting.values()].filter(({ file }) => file === null);
    const entries = [...held, ...fresh];
    if (entries.length === 0) return;
    const file = await append(entries.map(({ item }) => encodeRecord(item)).join(''), entries.length);
    for (const entry of entries) {
      entry.file = file;
      waiting.set(keyOf(entry.item), entry);
    }
    unwritten = 0;
  };

  /** Gives up the first waiting items that `which` names. */
  const drop = async (which: (entry: Entry<T>) => boolean, isEnough: () => boolean): Promise<number> => {
    const before = waiting.size;
    for (const [key, entry] of waiting) {
      if (isEnough()) break;
      if (which(entry)) forget(key, entry);
    }
    const count = before - waiting.size;
    if (count > 0) onDropped(count);
    await files.sweep();
    return count;
  };
  const keepWithin = async () => {
    if (waiting.size > maxItems) await drop(() => true, () => waiting.size <= maxItems);
  };

  for (const { file, value } of files.records.splice(0)) {
    const parsed = options.schema.safeParse(value);
    // Written by another version of the agent, or a second time.
    if (!parsed.success || waiting.has(keyOf(parsed.data))) files.release(file);
    else waiting.set(keyOf(parsed.data), { item: parsed.data, bytes: Buffer.byteLength(JSON.stringify(value)), file });
  }
  await files.sweep();

  return {
    push: (...items) =>
      inTurn(async () => {
        await store(newOf(items));
        await keepWithin();
      }),
    hold: (...items) =>
      inTurn(async () => {
        const fresh = newOf(items);
        await store(fresh).catch(async () => {
          for (const entry of fresh) waiting.set(keyOf(entry.item), entry);
          unwritten += fresh.length;
          await drop(({ file }) => file === null, () => unwritten <= MAX_UNWRITTEN);
        });
        await keepWithin();
      }),
    peek: ({ items, bytes = Infinity }) => {
      const taken: T[] = [];
      let room = bytes;
      for (const entry of waiting.values()) {
        room -= entry.bytes;
        if (taken.length === items || (room < 0 && taken.length > 0)) break;
        taken.push(entry.item);
      }
      return taken;
    },
    remove: (items) =>
      inTurn(async () => {
        for (const item of items) {
          const entry = waiting.get(keyOf(item));
          if (entry?.item === item) forget(keyOf(item), entry);
        }
        await files.sweep();
      }),
    size: () => waiting.size,
    bytes: files.bytes,
    unwritten: () => unwritten,
    dropOldest: () =>
      inTurn(async () => {
        const oldest = waiting.values().next().value;
        return oldest ? drop(({ file }) => file === oldest.file, () => false) : 0;
      }),
  };
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
