import { type BotStatus } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { type Wake } from '../loop/wake.js';

/** What whoever gives out work has to hear at once. */
export type News = Pick<BotStatus, 'health' | 'capabilities' | 'capacity'>;

export interface StatusNews {
  /** What was tried to be told, and whether it was answered. */
  told(news: News, answered: boolean): void;
  /** Rings when there is news, until stopped. */
  run(): Promise<void>;
}

/** Two rings are at least this far apart, so that what flaps costs little. */
const MIN_GAP_MS = 5_000;
/** Some of it changes without anybody saying so: a lease runs out. */
const LOOK_MS = 5_000;

/** The same for two statuses when nobody needs to hear of the difference before its time. */
export function newsOf({ health, capabilities = [], capacity }: News): string {
  const room = capacity !== undefined && capacity.queue_length < capacity.concurrent_tasks;
  return JSON.stringify([health.status, [...capabilities].sort(), room]);
}

/**
 * Rings for a heartbeat when health, capabilities or whether there is room are not as last told. Never while heartbeats
 * do not get through: the next one that does carries the newest anyway, and their waiting is not to be cut short.
 */
export function createStatusNews(deps: { status(): News; ring(): void; wake: Wake; clock: Clock; stop: AbortSignal }): StatusNews {
  const { wake, clock, stop } = deps;
  let last: string | null = null;

  return {
    told: (news, answered) => {
      last = answered ? newsOf(news) : null;
    },
    run: async () => {
      while (!stop.aborted) {
        await wake.wait(LOOK_MS);
        const now = newsOf(deps.status());
        if (stop.aborted || last === null || now === last) continue;
        last = now;
        deps.ring();
        await clock.sleep(MIN_GAP_MS, stop);
      }
    },
  };
}
