import { type Clock } from './clock.js';

/** A moment by both clocks of this process. */
export type Moment = { monotonicMs: number; wallMs: number };

export const momentOf = (clock: Pick<Clock, 'monotonicMs' | 'now'>): Moment => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.now().getTime() });

/**
 * Milliseconds since then by whichever clock moved on more, for what must not happen late: the monotonic clock stands
 * still while its host is suspended, the wall clock can be set back.
 */
export const msSince = (clock: Pick<Clock, 'monotonicMs' | 'now'>, { monotonicMs, wallMs }: Moment): number =>
  Math.max(clock.monotonicMs() - monotonicMs, clock.now().getTime() - wallMs);
