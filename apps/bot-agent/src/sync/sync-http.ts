import { Problem } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import axios, { type AxiosResponse } from 'axios';
import { type Credentials } from './credentials.js';
import { SyncError } from './sync-error.js';

export interface SyncHttpOptions {
  baseUrl: string;
  credentials: Pick<Credentials, 'inOrder' | 'settle'>;
  clock: Clock;
  userAgent: string;
  /** Aborts what is in flight. */
  stop: AbortSignal;
  /** A 410 was heard; no call is made after it. */
  onGone(code: string): void;
}

export interface SyncRequest {
  method: 'GET' | 'POST';
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  /** Largest answer that is read, in bytes. */
  maxBytes?: number;
  /** Statuses that are answers to the caller, besides 2xx. */
  also?: readonly number[];
  anonymous?: boolean;
  /** Gives the request up. */
  signal?: AbortSignal;
}

export type SyncHttp = (request: SyncRequest) => Promise<AxiosResponse<string>>;

const TIMEOUT_MS = 15_000;
const SMALL_BODY = 256 * 1024;
const UNAUTHORIZED_PAUSE_MS = 3_600_000;
const LONGEST_RETRY_AFTER_MS = 300_000;
/** "At once" from an overloaded server would be a hot loop. */
const SHORTEST_RETRY_AFTER_MS = 250;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** https, or http to this very machine: a credential never crosses a network in the clear. Throws otherwise. */
export function requireSafeUrl(url: string): URL {
  const parsed = new URL(url);
  const safe = parsed.protocol === 'https:' || (parsed.protocol === 'http:' && LOOPBACK.has(parsed.hostname));
  if (!safe) throw new Error(`${parsed.origin} is neither https nor this machine: the agent does not talk to it`);
  return parsed;
}

/**
 * HTTP to the sync-adapter. Redirects are never followed, bodies are bounded. After a 401 nothing is sent for an
 * hour, after a 410 nothing at all. Throws SyncError.
 */
export function createSyncHttp(options: SyncHttpOptions): SyncHttp {
  const url = requireSafeUrl(options.baseUrl);
  const base = url.href.replace(/\/+$/, '');
  // A proxy of the environment is for the way out, not for this machine.
  const proxy = LOOPBACK.has(url.hostname) ? ({ proxy: false } as const) : {};
  let silentUntilMs = 0;
  let goneCode: string | null = null;

  return async (request) => {
    if (goneCode !== null) throw new SyncError({ kind: 'gone', code: goneCode }, 'this machine no longer speaks for its bot');
    if (options.clock.monotonicMs() < silentUntilMs && !request.anonymous)
      throw new SyncError({ kind: 'unauthorized' }, 'the credential was refused less than an hour ago');
    const response = request.anonymous ? await send(request, null) : await sendWithAny(request);
    if ((response.status >= 200 && response.status < 300) || request.also?.includes(response.status)) return response;

    const error = syncError(request.path, response);
    if (error.failure.kind === 'unauthorized') silentUntilMs = options.clock.monotonicMs() + UNAUTHORIZED_PAUSE_MS;
    if (error.failure.kind === 'gone') {
      goneCode = error.failure.code;
      options.onGone(goneCode);
    }
    throw error;
  };

  /** During a rotation there may be another credential to try: the order may even change while the call is under way. */
  async function sendWithAny(request: SyncRequest): Promise<AxiosResponse<string>> {
    const refused: string[] = [];
    for (;;) {
      const credential = options.credentials.inOrder().find((one) => !refused.includes(one));
      if (credential === undefined) throw new Error('this machine has no credential');
      const response = await send(request, credential);
      if (response.status !== 401) {
        await options.credentials.settle({ worked: credential, refused });
        return response;
      }
      refused.push(credential);
      if (options.credentials.inOrder().every((one) => refused.includes(one))) {
        await options.credentials.settle({ worked: null, refused });
        return response;
      }
    }
  }

  async function send(request: SyncRequest, credential: string | null): Promise<AxiosResponse<string>> {
    try {
      return await axios.request<string>({
        url: `${base}${request.path}`,
        method: request.method,
        data: request.body === undefined ? undefined : JSON.stringify(request.body),
        headers: {
          'User-Agent': options.userAgent,
          Accept: 'application/json, application/problem+json',
          ...(request.body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...(credential === null ? {} : { Authorization: `Bearer ${credential}` }),
          ...request.headers,
        },
        timeout: request.timeoutMs ?? TIMEOUT_MS,
        signal: AbortSignal.any([
          options.stop,
          AbortSignal.timeout((request.timeoutMs ?? TIMEOUT_MS) + 5_000),
          ...(request.signal ? [request.signal] : []),
        ]),
        maxRedirects: 0,
        ...proxy,
        maxContentLength: request.maxBytes ?? SMALL_BODY,
        responseType: 'text',
        transformResponse: (data: string) => data,
        validateStatus: () => true,
      });
    } catch (error) {
      throw new SyncError({ kind: 'unreachable' }, `${request.path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** What an answer that is none of those hoped for means. */
export function syncError(path: string, response: { status: number; data: string; headers: Record<string, unknown> }): SyncError {
  const problem = Problem.safeParse(parseJson(response.data));
  const code = problem.success ? problem.data.code : `http-${response.status}`;
  const message = `${path}: ${response.status} ${code}${problem.success && problem.data.detail ? `: ${problem.data.detail}` : ''}`;
  if (response.status === 401) return new SyncError({ kind: 'unauthorized' }, message);
  if (response.status === 410) return new SyncError({ kind: 'gone', code }, message);
  if (response.status === 429 || response.status === 503)
    return new SyncError({ kind: 'busy', code, retryAfterMs: retryAfterMs(response.headers['retry-after']) }, message);
  if (response.status >= 500 || response.status < 400) return new SyncError({ kind: 'unreachable' }, message);
  const issues = problem.success ? (problem.data.issues ?? []) : [];
  return new SyncError({ kind: 'refused', status: response.status, code, issues }, message);
}

/** Retry-After in seconds or as a date; one second when it is missing or nonsense. */
export function retryAfterMs(header: unknown, now = Date.now()): number {
  const seconds = typeof header === 'string' ? Number(header) : NaN;
  const ms = Number.isFinite(seconds) ? seconds * 1000 : typeof header === 'string' ? Date.parse(header) - now : NaN;
  return Number.isFinite(ms) && ms >= 0 ? Math.min(Math.max(ms, SHORTEST_RETRY_AFTER_MS), LONGEST_RETRY_AFTER_MS) : 1_000;
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
