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
  stop: () => void;
}

export interface ChangeHub {
  publish: (change: Change) => void;
  /** After a reconnect nobody knows what was missed: everyone looks again. */
  wakeAll: () => void;
  watch: (input: { topics: readonly string[]; ids: readonly string[] }) => Watch;
  /** Ends all waiting, so that a draining process can answer what it holds. */
  close: () => void;
}

/**
 * Lets requests wait for hints. Start the watch, then look, then wait: a change in between is not lost. Hints may be
 * lost or for nothing all the same, so whoever waits also looks again when its time is up.
 */
export function createChangeHub(): ChangeHub {
  const watchers = new Set<{ topics: readonly string[]; ids: readonly string[]; notify: () => void }>();
  let closed = false;

  const matches = (watcher: { topics: readonly string[]; ids: readonly string[] }, change: Change): boolean =>
    watcher.topics.includes(change.topic) &&
    (change.ids.length === 0 || change.ids.some((id) => watcher.ids.includes(id)));

  return {
    publish: (change) => watchers.forEach((watcher) => matches(watcher, change) && watcher.notify()),
    wakeAll: () => watchers.forEach((watcher) => watcher.notify()),
    close() {
      closed = true;
      watchers.forEach((watcher) => watcher.notify());
    },
    watch({ topics, ids }) {
      let pending = false;
      let wake: ((news: boolean) => void) | undefined;
      const watcher = {
        topics,
        ids,
        notify: () => {
          pending = true;
          wake?.(true);
        },
      };
      watchers.add(watcher);
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
            if (pending || closed) settle(true);
          }),
        isClosed: () => closed,
        stop: () => {
          watchers.delete(watcher);
          wake?.(false);
        },
      };
    },
  };
}
