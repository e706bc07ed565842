/** A hint from the change feed: something with one of these ids may be different now. No ids: anything may. */
export interface Change {
  topic: string;
  ids: readonly string[];
}

export interface Watch {
  /** Resolves true at the next change since the last call, false after `timeoutMs` or when the hub closes. */
  changed: (timeoutMs: number) => Promise<boolean>;
  /** The process is draining: answer with what is there. */
  isClosed: () => boolean;
  /** Ends the waiting, as when the time is up. */
  stop: () => void;
}

export interface ChangeHub {
  publish: (change: Change) => void;
  /** After a reconnect nobody knows what was missed: everyone looks again. */
  wakeAll: () => void;
  watch: (input: { topics: readonly string[]; id: string }) => Watch;
  /** Ends all waiting, so that a draining process can answer what it holds. */
  close: () => void;
  /** How many watch. */
  size: () => number;
}

interface Watcher {
  topics: readonly string[];
  notify: () => void;
}

/**
 * Lets requests wait for hints. Start the watch, then look, then wait: a change in between is not lost. Hints may be
 * lost or for nothing all the same, so whoever waits also looks again when its time is up. A change costs one look-up
 * per id it names, however many watch.
 */
export function createChangeHub(): ChangeHub {
  const watchersById = new Map<string, Set<Watcher>>();
  let closed = false;

  function* everyone(): Iterable<Watcher> {
    for (const watchers of [...watchersById.values()]) yield* [...watchers];
  }
  const add = (id: string, watcher: Watcher): void => {
    const watchers = watchersById.get(id);
    if (watchers) watchers.add(watcher);
    else watchersById.set(id, new Set([watcher]));
  };
  const remove = (id: string, watcher: Watcher): void => {
    const watchers = watchersById.get(id);
    watchers?.delete(watcher);
    if (watchers?.size === 0) watchersById.delete(id);
  };
  const tell = (watchers: Iterable<Watcher>, topic: string): void => {
    for (const watcher of watchers) if (watcher.topics.includes(topic)) watcher.notify();
  };

  return {
    publish({ topic, ids }) {
      if (ids.length === 0) return tell(everyone(), topic);
      for (const id of ids) tell([...(watchersById.get(id) ?? [])], topic);
    },
    wakeAll() {
      for (const watcher of everyone()) watcher.notify();
    },
    close() {
      closed = true;
      for (const watcher of everyone()) watcher.notify();
    },
    size: () => [...everyone()].length,
    watch({ topics, id }) {
      let pending = false;
      let stopped = false;
      let wake: ((news: boolean) => void) | undefined;
      const watcher = {
        topics,
        notify: () => {
          pending = true;
          wake?.(true);
        },
      };
      add(id, watcher);
      return {
        changed: (timeoutMs) =>
          new Promise((resolve) => {
            const settle = (news: boolean): void => {
              clearTimeout(timer);
              wake = undefined;
              if (news) pending = false;
              resolve(news && !closed);
            };
            const timer = setTimeout(() => settle(false), timeoutMs);
            wake = settle;
            if (stopped) settle(false);
            else if (pending || closed) settle(true);
          }),
        isClosed: () => closed,
        stop: () => {
          stopped = true;
          remove(id, watcher);
          wake?.(false);
        },
      };
    },
  };
}
