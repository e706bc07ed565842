import type { InstanceView } from '@trawling/contracts';
import type { InstanceRow } from '@trawling/database';
import type { Clock, Logger } from '@trawling/runtime';
import { instanceView, markOf } from './instance-view.js';

/** Capacities and bots come and go without a hint: who was heard of since the last look is looked at so often. */
const LOOK_MS = 2_000;
/** Everything is read again so often, whatever hints were lost. */
const READ_ALL_MS = 30_000;
/** A row is visible when its transaction commits: each look reaches back so far behind the one before. */
const OVERLAP_MS = 10_000;
/** Hints that come close together are one look. */
const GATHER_MS = 20;

export type KnownInstance = { view: InstanceView; ownerId: string | null; mark: string };

export type DirectoryMemoryDeps = {
  /** Everything, or whom we heard of since. */
  read: (since: Date | null) => Promise<{ rows: InstanceRow[]; now: Date }>;
  find: (ids: readonly string[]) => Promise<InstanceRow[]>;
  /** These say something else than before, or are gone. */
  onChange: (ids: readonly string[]) => void;
  clock: Clock;
  logger: Logger;
};

export type DirectoryMemory = {
  instances: ReadonlyMap<string, KnownInstance>;
  /** These may have changed; null: anything may. */
  hear: (ids: readonly string[] | null) => void;
  close: () => Promise<void>;
};

/** The directory as it is, kept true by looking again. Rejects when it cannot be read the first time. */
export async function openDirectoryMemory(deps: DirectoryMemoryDeps): Promise<DirectoryMemory> {
  const { clock } = deps;
  const known = new Map<string, KnownInstance>();
  const hinted = new Set<string>();
  const closing = new AbortController();
  let waking = new AbortController();
  let allDue = false;
  let readAllAt = clock.monotonicMs();
  let lookedAt = readAllAt;

  const take = (rows: readonly InstanceRow[]): string[] =>
    rows.flatMap((row) => {
      const view = instanceView(row);
      const mark = markOf(view);
      const isNews = known.get(view.instance_id)?.mark !== mark;
      known.set(view.instance_id, { view, ownerId: row.owner_id, mark });
      return isNews ? [view.instance_id] : [];
    });
  const drop = (ids: Iterable<string>): string[] => [...ids].filter((id) => known.delete(id));

  const readAll = async (): Promise<{ changed: string[]; now: Date }> => {
    const { rows, now } = await deps.read(null);
    const there = new Set(rows.map((row) => row.instance_id));
    return { changed: [...take(rows), ...drop([...known.keys()].filter((id) => !there.has(id)))], now };
  };

  let since = (await readAll()).now;

  const look = async (): Promise<void> => {
    const at = clock.monotonicMs();
    const ids = [...hinted];
    hinted.clear();
    const all = allDue || at - readAllAt >= READ_ALL_MS;
    allDue = false;
    try {
      if (all) {
        const { changed, now } = await readAll();
        since = now;
        readAllAt = lookedAt = at;
        return tell(changed);
      }
      const rows = ids.length === 0 ? [] : await deps.find(ids);
      const there = new Set(rows.map((row) => row.instance_id));
      const changed = [...take(rows), ...drop(ids.filter((id) => !there.has(id)))];
      if (at - lookedAt >= LOOK_MS) {
        const heard = await deps.read(new Date(since.getTime() - OVERLAP_MS));
        changed.push(...take(heard.rows));
        since = heard.now;
        lookedAt = at;
      }
      tell(changed);
    } catch (error) {
      allDue = true; // what was hinted is not lost
      throw error;
    }
  };
  const tell = (ids: readonly string[]): void => {
    if (ids.length > 0) deps.onChange([...new Set(ids)]);
  };

  const running = (async () => {
    while (!closing.signal.aborted) {
      await clock.sleep(LOOK_MS, waking.signal);
      if (waking.signal.aborted) await clock.sleep(GATHER_MS, closing.signal);
      waking = new AbortController();
      if (closing.signal.aborted) return;
      await look().catch((error: unknown) => deps.logger.warn({ err: error }, 'the directory could not be read; it is tried again'));
    }
  })();

  return {
    instances: known,
    hear(ids) {
      if (ids === null) allDue = true;
      else for (const id of ids) hinted.add(id);
      waking.abort();
    },
    async close() {
      closing.abort();
      waking.abort();
      await running;
    },
  };
}
