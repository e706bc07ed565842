import { type Clock } from './clock.js';

/** Waits for `work`, `ms` milliseconds at most, and leaves no timer behind. `work` goes on; when it fails in time, so does this. */
export async function waitAtMost(clock: Pick<Clock, 'sleep'>, ms: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  try {
    await Promise.race([work, clock.sleep(ms, enough.signal)]);
  } finally {
    enough.abort();
  }
}
