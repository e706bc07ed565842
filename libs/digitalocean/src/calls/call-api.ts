import { type Agent as HttpAgent } from 'node:http';
import { type Agent as HttpsAgent } from 'node:https';
import { backoffMs, type Clock, type Logger } from '@trawling/runtime';
import type { z } from 'zod';
import type { RequestBudget, RequestKind } from '../budget/request-budget.js';
import type { CallOptions } from '../digitalocean.js';
import { DigitalOceanError } from '../digitalocean-error.js';
import { isNotFound, readAs, readRefusal } from './read-answer.js';
import { type HttpAnswer, type HttpCall, type NoAnswer, send } from './send.js';
import { sendFresh } from './send-fresh.js';

export type ApiDeps = {
  token: string;
  baseUrl: string;
  agent: HttpAgent | HttpsAgent;
  budget: RequestBudget;
  clock: Clock;
  random: () => number;
  logger: Logger;
  /** Per request, in milliseconds. */
  requestTimeoutMs: number;
};

type ApiCall<S extends z.ZodType> = HttpCall & {
  kind: Exclude<RequestKind, 'create'>;
  /** Of the answer's body; null: the body does not matter. */
  schema: S | null;
  options?: CallOptions | undefined;
};

/** Of a call that may be repeated. */
const ATTEMPTS = 5;
const BACKOFF = { baseMs: 500, maxMs: 8_000 };
/** Waiting for the budget and for retries included: whoever calls looks again later anyway. */
const PATIENCE_MS = 120_000;

/**
 * One call of the API: null when DigitalOcean says that the thing is not there. What DigitalOcean describes as
 * idempotent (GET, PUT, DELETE) is repeated with growing, jittered pauses; everything else is sent once. Throws
 * DigitalOceanError.
 */
export async function callApi<S extends z.ZodType>(deps: ApiDeps, call: ApiCall<S>): Promise<z.output<S> | null> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const signal = call.options?.signal ? AbortSignal.any([call.options.signal, patience]) : patience;
  const attempts = call.method === 'POST' ? 1 : ATTEMPTS;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await attemptOnce(deps, call, signal);
    if (answer.status !== null && isNotFound(answer)) return null;
    const result = resultOf(call, answer);
    if ('value' in result) return result.value;
    if (!result.again || attempt + 1 >= attempts) throw result.error;
    deps.logger.debug({ method: call.method, path: call.path, attempt, reason: result.error.message }, 'asking DigitalOcean again');
    // After a 429 the budget itself says when to go on.
    if (answer.status !== 429) await deps.clock.sleep(backoffMs({ ...BACKOFF, attempt, random: deps.random }), signal);
  }
}

async function attemptOnce(deps: ApiDeps, call: ApiCall<z.ZodType>, signal: AbortSignal): Promise<HttpAnswer | NoAnswer> {
  try {
    await deps.budget.take(call.options?.kind ?? call.kind, signal);
  } catch (error) {
    if (signal.aborted) throw new DigitalOceanError(`${nameOf(call)}: given up before it was sent`, { kind: 'aborted' });
    const why = error instanceof Error ? error.message : String(error);
    throw new DigitalOceanError(`${nameOf(call)}: the request budget could not be asked: ${why}`, { kind: 'unreachable' });
  }
  const timeout = AbortSignal.timeout(deps.requestTimeoutMs);
  const answer = await sendInTime(deps, call, AbortSignal.any([signal, timeout]));
  if (signal.aborted) throw new DigitalOceanError(`${nameOf(call)}: given up`, { kind: 'aborted' });
  if (answer.status !== null) await observe(deps, answer);
  return answer;
}

/** With `mayGo` on a connection of its own, so that it is asked when nothing is left but to write the request. */
async function sendInTime(deps: ApiDeps, call: ApiCall<z.ZodType>, signal: AbortSignal): Promise<HttpAnswer | NoAnswer> {
  const mayGo = call.options?.mayGo;
  if (!mayGo) return send(call, { ...deps, signal });
  if (!mayGo()) throw new DigitalOceanError(`${nameOf(call)}: it would have been sent too late`, { kind: 'aborted' });
  return sendFresh(call, { ...deps, signal }, { mayGo });
}

/** What is learnt is an optimization: its failure must not turn an answer into an error. */
export async function observe(deps: Pick<ApiDeps, 'budget' | 'logger'>, answer: HttpAnswer): Promise<void> {
  await deps.budget.observe(answer).catch((error: unknown) => deps.logger.warn({ err: error }, 'could not note the rate limit'));
}

type Result<T> = { value: T } | { again: boolean; error: DigitalOceanError };

function resultOf<S extends z.ZodType>(call: ApiCall<S>, answer: HttpAnswer | NoAnswer): Result<z.output<S> | null> {
  const name = nameOf(call);
  if (answer.status === null) return { again: true, error: new DigitalOceanError(`${name}: ${answer.reason}`, { kind: 'unreachable' }) };
  const { status, headers } = answer;
  const refusal = readRefusal(answer);
  const details = { status, id: refusal?.id ?? null, requestId: refusal?.request_id ?? headers['x-request-id'] ?? null };
  if (status >= 200 && status < 300) {
    const value = call.schema === null ? null : readAs(call.schema, answer);
    if (call.schema === null || value !== null) return { value };
    return { again: true, error: new DigitalOceanError(`${name}: the answer is not what the API describes`, { ...details, kind: 'unreachable' }) };
  }
  const message = `${name}: ${status} ${refusal ? `${refusal.id}: ${refusal.message}` : 'without an answer of the API itself'}`;
  if (status === 429) return { again: true, error: new DigitalOceanError(message, { ...details, kind: 'rate-limited' }) };
  const passing = status >= 500 || status === 408;
  return { again: passing, error: new DigitalOceanError(message, { ...details, kind: passing || !refusal ? 'unreachable' : 'refused' }) };
}

const nameOf = ({ method, path }: HttpCall): string => `DigitalOcean ${method} ${path}`;
