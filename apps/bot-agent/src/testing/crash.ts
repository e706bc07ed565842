import { type Host } from '../host.js';

/** Where a process dies: before or after its nth effect on the world (0 is the first). */
export interface CrashPoint {
  at: number;
  when: 'before' | 'after';
}

export class Killed extends Error {
  constructor() {
    super('killed');
    this.name = 'Killed';
  }
}

export interface Crash {
  /** Has happened: nothing of that process does anything any more. */
  happened(): boolean;
  /** How many effects there were, to know how many crash points there are. */
  effects(): number;
  host(host: Host): Host;
  /** A call that changes something outside. */
  effect<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R>;
  /** A call that only looks. */
  look<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R>;
}

/**
 * Kills a process as `kill -9` does, as far as the world can see: from the crash point on, nothing it calls happens.
 * Null never kills and only counts.
 */
export function createCrash(point: CrashPoint | null): Crash {
  let count = 0;
  let dead = false;
  const alive = () => {
    if (dead) throw new Killed();
  };
  const die = (): never => {
    dead = true;
    throw new Killed();
  };

  const look: Crash['look'] =
    (call) =>
    async (...args) => {
      alive();
      const result = await call(...args);
      alive();
      return result;
    };
  const effect: Crash['effect'] =
    (call) =>
    async (...args) => {
      alive();
      const mine = count++;
      if (point?.at === mine && point.when === 'before') return die();
      const result = await call(...args);
      if (point?.at === mine) return die();
      alive();
      return result;
    };

  return {
    happened: () => dead,
    effects: () => count,
    look,
    effect,
    host: (host) => ({
      readText: look(host.readText),
      fileSize: look(host.fileSize),
      list: look(host.list),
      run: look(host.run),
      writeAtomic: effect(host.writeAtomic),
      append: effect(host.append),
      truncate: effect(host.truncate),
      remove: effect(host.remove),
      ensureDir: effect(host.ensureDir),
    }),
  };
}
