import { momentOf, msSince } from '@trawling/runtime';
import { z } from 'zod';
import { CreatedDroplet } from '../answers.js';
import type { CreateOptions, CreateOutcome } from '../digitalocean.js';
import { DropletSpec } from '../requests.js';
import { type ApiDeps, observe } from './call-api.js';
import { readAs, readRefusal } from './read-answer.js';
import { type HttpAnswer, type NoAnswer } from './send.js';
import { sendFresh } from './send-fresh.js';

export const SEND_WITHIN_MS = 10_000;

/** Sends the order once and says what is known of it. Never repeats, never throws. */
export async function createDroplet(deps: ApiDeps, spec: z.input<typeof DropletSpec>, options: CreateOptions = {}): Promise<CreateOutcome> {
  const begun = momentOf(deps.clock);
  const order = DropletSpec.safeParse(spec);
  if (!order.success) return neverSent('invalid_order', z.prettifyError(order.error), false);
  // Whole milliseconds: Node refuses the fractions of a monotonic clock.
  const sendWithinMs = Math.max(0, Math.floor(options.sendWithinMs ?? SEND_WITHIN_MS));
  const mayGo = (): boolean => !options.signal?.aborted && msSince(deps.clock, begun) < sendWithinMs;

  const waiting = AbortSignal.timeout(sendWithinMs);
  try {
    await deps.budget.take('create', options.signal ? AbortSignal.any([options.signal, waiting]) : waiting);
  } catch (error) {
    return neverSent('no_budget', `no request may be sent now: ${error instanceof Error ? error.message : String(error)}`, true);
  }
  if (!mayGo()) return neverSent('too_late', 'it would have been sent too late', true);

  const { answer, released } = await sendOnce(deps, order.data, { mayGo, connectMs: sendWithinMs - msSince(deps.clock, begun) });
  if (answer.status === null) return released ? { outcome: 'unknown', reason: answer.reason } : neverSent('not_sent', answer.reason, true);
  await observe(deps, answer);
  return outcomeOf(answer);
}

/** Once it is on its way the answer is worth waiting for: the caller's signal counts only until then. */
async function sendOnce(
  deps: ApiDeps,
  order: object,
  input: { mayGo: () => boolean; connectMs: number },
): Promise<{ answer: HttpAnswer | NoAnswer; released: boolean }> {
  const giveUp = new AbortController();
  const after = (ms: number, why: string): NodeJS.Timeout => setTimeout(() => giveUp.abort(new Error(why)), ms);
  let timer = after(input.connectMs, 'no connection in time');
  let released = false;
  const onRelease = (): void => {
    released = true;
    clearTimeout(timer);
    timer = after(deps.requestTimeoutMs, `no answer within ${deps.requestTimeoutMs} ms`);
  };
  const answer = await sendFresh({ method: 'POST', path: '/v2/droplets', body: order }, { ...deps, signal: giveUp.signal }, { mayGo: input.mayGo, onRelease });
  clearTimeout(timer);
  return { answer, released };
}

function outcomeOf(answer: HttpAnswer): CreateOutcome {
  const { status } = answer;
  const created = status >= 200 && status < 300 ? readAs(CreatedDroplet, answer) : null;
  if (created) return { outcome: 'accepted', droplet: created.droplet, actionId: created.links?.actions?.[0]?.id ?? null };
  const refusal = readRefusal(answer);
  // The limiter stands in front of everything else: nothing was made.
  if (status === 429) return { outcome: 'rejected', status, id: refusal?.id ?? 'too_many_requests', message: refusal?.message ?? 'too many requests', retryable: true };
  if (refusal && status >= 400 && status < 500 && status !== 408) {
    return { outcome: 'rejected', status, id: refusal.id, message: refusal.message, retryable: isPassing(status) };
  }
  return { outcome: 'unknown', reason: `answered ${status}${refusal ? ` ${refusal.id}: ${refusal.message}` : ' without an answer of the API itself'}` };
}

/**
 * A 422 is a full account, a size that is sold out and "please try again" (coreos/mantle#794) as well as an order that
 * will never do, and only texts tell them apart. To ask again in vain costs a request; not to ask again costs a bot. What
 * cannot be read as an order at all is ours to mend.
 */
const isPassing = (status: number): boolean => status !== 400;

const neverSent = (id: string, message: string, retryable: boolean): CreateOutcome => ({ outcome: 'rejected', status: null, id, message, retryable });
