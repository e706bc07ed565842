import { backoffMs, type Clock } from '@trawling/runtime';
import { type Outcome, passesByItself } from './outcome.js';
import { type StatusSource } from './status-source.js';

export type Goodbye = {
  source: Pick<StatusSource, 'enter'>;
  clock: Clock;
  random: () => number;
  saidDraining: boolean;
  /** By the monotonic clock: `draining` may take until then, so that `offline` has time left. */
  drainingUntilMs: number;
  untilMs: number;
  /** Ends it at once. */
  giveUp: AbortSignal;
  /** Sends what is true now; resolves within the given milliseconds. */
  attempt: (timeoutMs: number) => Promise<Outcome>;
};

/**
 * `draining`, once, unless it was said; then `offline`, again and again while there is time and it may help. Whether
 * `offline` arrived; resolves by `untilMs` whatever the receiver does.
 */
export async function sayGoodbye({ source, clock, random, saidDraining, drainingUntilMs, untilMs, giveUp, attempt }: Goodbye): Promise<boolean> {
  const left = (momentMs: number): number => (giveUp.aborted ? 0 : momentMs - clock.monotonicMs());
  if (!saidDraining && left(drainingUntilMs) > 0) await attempt(left(drainingUntilMs));

  source.enter('offline');
  for (let tries = 0; left(untilMs) > 0; tries += 1) {
    const outcome = await attempt(left(untilMs));
    if (outcome.ok) return true;
    const waitMs = Math.max(outcome.retryAfterMs ?? 0, backoffMs({ attempt: tries, baseMs: 100, maxMs: 1_000, random }));
    if (!passesByItself(outcome.reason) || waitMs >= left(untilMs)) return false;
    await clock.sleep(waitMs, giveUp);
  }
  return false;
}
