import { Problem } from '@trawling/contracts';
import { type IncomingHttpHeaders } from 'node:http';
import { type CallLog } from './call-log.js';
import { Exchange } from './exchange.js';
import { type Connections } from './open-connections.js';

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };

export type Call = {
  /** What it is counted as. */
  name: string;
  method: 'GET' | 'POST';
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  /** Statuses that are an answer; any other is counted as an error and thrown. */
  expect: readonly number[];
  timeoutMs?: number;
  /** Held by the server for a while: it may not keep others from a shared connection. */
  patient?: boolean;
};

/** Those of long polls are apart. */
export type BotConnections = { quick: Connections; patient: Connections };

/** An answer that the caller did not expect, or none; counted already. */
export class CallFailed extends Error {
  constructor(
    message: string,
    readonly status: number | null,
    /** Milliseconds the server asked to wait, 0 when it did not. */
    readonly retryAfterMs: number,
  ) {
    super(message);
    this.name = 'CallFailed';
  }
}

const TIMEOUT_MS = 30_000;

/**
 * Calls of one bot: under its credential, timed, every surprise counted by its code. Throws CallFailed. What is under way
 * when `signal` aborts fails, and is not counted.
 */
export function createBotHttp(deps: { credential: string; connections: BotConnections; log: CallLog; monotonicMs: () => number; signal: AbortSignal }) {
  const { connections, log, monotonicMs, signal } = deps;
  const bare = { Authorization: `Bearer ${deps.credential}` };
  const withBody = { ...bare, 'Content-Type': 'application/json' };
  /** With holes, which are used again: a set would make a new table for every few calls. */
  const underWay: (Exchange | null)[] = [];
  const abort = (): void => {
    // All fail before the first hangs up: its connection may not go to the next of them.
    for (const exchange of underWay) exchange?.fail(new Error('aborted'));
    for (const exchange of underWay) exchange?.hangUp();
  };
  signal.addEventListener('abort', abort, { once: true });

  return async (call: Call): Promise<Answer> => {
    const startedAt = monotonicMs();
    const headers = call.body === undefined ? bare : withBody;
    const exchange = new Exchange({
      method: call.method,
      path: call.path,
      headers: call.headers ? { ...headers, ...call.headers } : headers,
      body: call.body === undefined ? null : JSON.stringify(call.body),
      timeoutMs: call.timeoutMs ?? TIMEOUT_MS,
    });
    const hole = underWay.indexOf(null);
    const place = hole < 0 ? underWay.length : hole;
    underWay[place] = exchange;
    (call.patient ? connections.patient : connections.quick).send(exchange);
    const answer = await exchange.answered;
    underWay[place] = null;
    if (!('status' in answer)) {
      if (!signal.aborted) log.failed(`${call.name} ${answer.code ?? answer.message}`);
      throw new CallFailed(`${call.name}: ${answer.message}`, null, 0);
    }
    log.answered(call.name, monotonicMs() - startedAt, answer.bytes);
    if (call.expect.includes(answer.status)) return answer;
    log.failed(`${call.name} ${answer.status} ${problemCode(answer.text)}`);
    throw new CallFailed(`${call.name}: ${answer.status}`, answer.status, retryAfterMs(answer.headers));
  };
}

export type BotHttp = ReturnType<typeof createBotHttp>;

const retryAfterMs = (headers: IncomingHttpHeaders): number => (Number(headers['retry-after']) || 0) * 1000;

export function problemCode(text: string): string {
  try {
    return Problem.parse(JSON.parse(text)).code;
  } catch {
    return '(no problem document)';
  }
}
