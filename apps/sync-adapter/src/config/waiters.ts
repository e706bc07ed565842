import { DomainError } from '@trawling/contracts';

export interface Waiters {
  /** Counts a request that waits; throws `unavailable` when too many do. `end` is called when a newer one of the bot pushes it out. */
  enter: (botId: string, end: () => void) => () => void;
  size: () => number;
}

/** A connection that died unnoticed may still be held when its bot asks anew: a few are let be, the oldest goes first. */
const MAX_PER_BOT = 3;

/** Bounds how many long polls are held, of all bots and of each. */
export function createWaiters({ max }: { max: number }): Waiters {
  const byBot = new Map<string, Set<() => void>>();
  let count = 0;

  return {
    size: () => count,
    enter(botId, end) {
      if (count >= max) throw new DomainError('unavailable', 'Too many requests wait already.', { retry_after: 10 });
      const own = byBot.get(botId) ?? new Set();
      byBot.set(botId, own);
      const leave = (one: () => void): void => {
        if (!own.delete(one)) return;
        count -= 1;
        if (own.size === 0 && byBot.get(botId) === own) byBot.delete(botId);
      };
      own.add(end);
      count += 1;
      const [oldest] = own;
      if (own.size > MAX_PER_BOT && oldest) {
        leave(oldest);
        oldest();
      }
      return () => leave(end);
    },
  };
}
