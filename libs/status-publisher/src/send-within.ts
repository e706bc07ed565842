import { type InstanceStatus } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { type Failure, type Outcome } from './outcome.js';
import { type SendStatus } from './send-status.js';

export type Limits = {
  clock: Pick<Clock, 'sleep'>;
  /** Milliseconds from before connecting to the end of the answer. */
  timeoutMs: number;
  /** Gives the status up. */
  giveUp: AbortSignal;
};

/** Without a reason of our own each abort makes an error with a stack. */
const OVER = 'over';

/** Sends within limits that hold whatever the receiver, or a sender that does not let go, does. */
export async function sendWithin(send: SendStatus, status: InstanceStatus, { clock, timeoutMs, giveUp }: Limits): Promise<Outcome> {
  if (giveUp.aborted) return noAnswer('given-up');
  const done = new AbortController();
  const letGo = new AbortController();
  const gaveUp = new Promise<Outcome>((resolve) => {
    giveUp.addEventListener('abort', () => resolve(noAnswer('given-up')), { once: true, signal: done.signal });
  });
  const timedOut = clock.sleep(timeoutMs, done.signal).then(() => noAnswer('timeout'));
  try {
    return await Promise.race([send(status, letGo.signal), gaveUp, timedOut]);
  } finally {
    done.abort(OVER);
    letGo.abort(OVER);
  }
}

const noAnswer = (reason: 'given-up' | 'timeout'): Failure => ({ ok: false, reason, httpStatus: null, retryAfterMs: null, code: null });
