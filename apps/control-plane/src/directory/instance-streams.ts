import { DomainError, type InstanceFilter } from '@trawling/contracts';
import type { StreamBody } from '@trawling/http';
import { setMaxListeners } from 'node:events';
import { type DirectoryMemory, type DirectoryMemoryDeps, openDirectoryMemory } from './directory-memory.js';
import { followInstances, type Pace, type StreamEnd, usualPace } from './follow-instances.js';

export type InstanceStreamsDeps = Omit<DirectoryMemoryDeps, 'onChange'> & {
  /** Whether the key may still read. */
  keyHolds: (keyId: string) => Promise<boolean>;
  limits?: { streams: number; ofOneKey: number };
  pace?: Pace;
};

export type InstanceStreams = {
  /**
   * A stream for this caller, ready to be sent; `closed` is called back when the connection is. Throws DomainError
   * `rate-limited` and `unavailable`.
   */
  open: (asked: { keyId: string; ownerId: string | null; filter: InstanceFilter; onClosed: (release: () => void) => void }) => Promise<StreamBody>;
  /** These instances may have changed; null: any may. */
  hear: (ids: readonly string[] | null) => void;
  /** Ends all streams and lets no other begin. */
  close: () => Promise<void>;
};

/** Each holds a connection and at most as many ids as there are instances. */
const LIMITS = { streams: 100, ofOneKey: 20 };

/** Streams of one replica. They share one memory of the directory, which is there while anybody streams. */
export function openInstanceStreams(deps: InstanceStreamsDeps): InstanceStreams {
  const limits = deps.limits ?? LIMITS;
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // every stream is one
  const holders = new Map<symbol, string>();
  const followers = new Set<(ids: readonly string[]) => void>();
  const running = new Set<Promise<unknown>>();
  let memory: Promise<DirectoryMemory> | null = null;

  const reserve = (keyId: string): (() => void) => {
    if (closing.signal.aborted) throw new DomainError('unavailable', 'This replica is stopping: connect again');
    if (holders.size >= limits.streams) throw new DomainError('unavailable', 'No further stream fits here: try again later', { retry_after: 30 });
    if ([...holders.values()].filter((holder) => holder === keyId).length >= limits.ofOneKey) {
      throw new DomainError('rate-limited', `At most ${limits.ofOneKey} streams of one key`, { retry_after: 30 });
    }
    const slot = Symbol(keyId);
    holders.set(slot, keyId);
    return () => {
      if (holders.delete(slot) && holders.size === 0) forget();
    };
  };

  const remember = (): Promise<DirectoryMemory> => {
    if (memory) return memory;
    const opening = openDirectoryMemory({ ...deps, onChange: (ids) => followers.forEach((tell) => tell(ids)) });
    memory = opening;
    opening.catch(() => {
      if (memory === opening) memory = null;
    });
    return opening;
  };
  const forget = (): void => {
    const old = memory;
    memory = null;
    if (old) track(old.then((opened) => opened.close(), () => undefined));
  };
  const track = <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    const done = (): void => void running.delete(work);
    work.then(done, done);
    return work;
  };

  return {
    async open({ keyId, ownerId, filter, onClosed }) {
      const release = reserve(keyId);
      onClosed(release);
      let directory: DirectoryMemory;
      try {
        directory = await remember();
      } catch (error) {
        release();
        throw error;
      }
      return (res) =>
        track(
          followInstances(
            {
              instances: directory.instances,
              onChange: (tell) => {
                followers.add(tell);
                return () => followers.delete(tell);
              },
              keyHolds: () => deps.keyHolds(keyId),
              clock: deps.clock,
              pace: deps.pace ?? usualPace,
              stopping: closing.signal,
            },
            { res, ownerId, filter },
          ),
        ).then((end: StreamEnd) => {
          release();
          deps.logger.debug({ end }, 'a stream of instances ended');
          // Who does not read what was sent would not read the end either.
          if (end === 'slow') res.destroy();
        });
    },
    hear: (ids) => void memory?.then((opened) => opened.hear(ids), () => undefined),
    async close() {
      closing.abort();
      while (running.size > 0) await Promise.allSettled(running);
      forget();
      await Promise.allSettled(running);
    },
  };
}
