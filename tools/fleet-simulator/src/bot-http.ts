import { Problem } from '@trawling/contracts';
import { request, type Agent, type IncomingHttpHeaders } from 'node:http';
import { request as requestTls } from 'node:https';
import { type CallLog } from './call-log.js';

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
  signal?: AbortSignal;
  /** Held by the server for a while: it may not keep others from a shared connection. */
  patient?: boolean;
};

/** Connections are kept alive; those of long polls are apart. */
export type Agents = { quick: Agent; patient: Agent };

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

/** Calls of one bot: under its credential, timed, every surprise counted by its code. Throws CallFailed. */
export function createBotHttp(deps: { baseUrl: URL; credential: string; agents: Agents; log: CallLog; monotonicMs: () => number }) {
  const { baseUrl, credential, agents, log, monotonicMs } = deps;
  const open = baseUrl.protocol === 'https:' ? requestTls : request;

  const once = (call: Call, isRetry: boolean): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const startedAt = monotonicMs();
      const body = call.body === undefined ? undefined : JSON.stringify(call.body);
      const headers = {
        Authorization: `Bearer ${credential}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }),
        ...call.headers,
      };
      const req = open(new URL(call.path, baseUrl), {
        agent: call.patient ? agents.patient : agents.quick,
        method: call.method,
        headers,
        timeout: call.timeoutMs ?? TIMEOUT_MS,
        ...(call.signal ? { signal: call.signal } : {}),
      });
      const fail = (error: NodeJS.ErrnoException): void => {
        // The server closed a kept-alive connection in the moment it was used: the one error that is nobody's fault.
        if (error.code === 'ECONNRESET' && req.reusedSocket && !isRetry) return void once(call, true).then(resolve, reject);
        if (!call.signal?.aborted) log.failed(`${call.name} ${error.code ?? error.message}`);
        reject(new CallFailed(`${call.name}: ${error.message}`, null, 0));
      };
      let bytesSince = (): number => 0;
      req.once('socket', (socket) => {
        const before = socket.bytesRead;
        bytesSince = () => socket.bytesRead - before;
      });
      req.once('error', fail);
      req.once('timeout', () => req.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
      req.once('response', (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.once('error', fail);
        res.once('end', () => {
          const answer = { status: res.statusCode ?? 0, headers: res.headers, text: Buffer.concat(chunks).toString('utf8') };
          log.answered(call.name, monotonicMs() - startedAt, bytesSince());
          if (call.expect.includes(answer.status)) return resolve(answer);
          log.failed(`${call.name} ${answer.status} ${problemCode(answer.text)}`);
          reject(new CallFailed(`${call.name}: ${answer.status}`, answer.status, retryAfterMs(answer.headers)));
        });
      });
      req.end(body);
    });
  return (call: Call): Promise<Answer> => once(call, false);
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
