import { type Issue } from '@trawling/contracts';
import { z } from 'zod';
import { type WireError } from './frames.js';

/**
 * What a failed call to the gateway means to the agent:
 * - `rejected`: OpenClaw looked at it and said no; sending it again gets the same answer.
 * - `conflict`: somebody changed the thing in between; read again and retry.
 * - `rate-limited`: try again after that many milliseconds.
 * - `away`: no answer (not connected, starting, closing, time-out); it may or may not have happened.
 */
export type GatewayFailure =
  | { kind: 'rejected'; code: string; issues: Issue[] }
  | { kind: 'conflict' }
  | { kind: 'rate-limited'; retryAfterMs: number }
  | { kind: 'away'; retryAfterMs: number | null };

export class GatewayError extends Error {
  constructor(
    readonly failure: GatewayFailure,
    message: string,
  ) {
    super(message);
    this.name = 'GatewayError';
  }
}

export const away = (message: string, retryAfterMs: number | null = null) =>
  new GatewayError({ kind: 'away', retryAfterMs }, message);

const Details = z.object({
  issues: z.array(z.object({ path: z.string(), message: z.string() })).optional().catch(undefined),
  code: z.string().optional().catch(undefined),
  limit: z.string().optional().catch(undefined),
});

const CONFLICT_CODES = new Set(['CRON_JOB_CHANGED', 'CRON_JOB_NOT_FOUND']);
/** OpenClaw gives a stale `baseHash` no code of its own; the sentence is what its docs name. */
const STALE_HASH = 'config changed since last load';

/** Sorts the gateway's own error into the four kinds. */
export function gatewayError(method: string, error: WireError): GatewayError {
  const details = Details.parse(error.details ?? {});
  const message = `${method}: ${error.message}`;
  if (details.limit !== undefined && error.retryAfterMs !== undefined)
    return new GatewayError({ kind: 'rate-limited', retryAfterMs: error.retryAfterMs }, message);
  if (error.code === 'UNAVAILABLE') return away(message, error.retryAfterMs ?? null);
  if (error.message.startsWith(STALE_HASH) || (details.code !== undefined && CONFLICT_CODES.has(details.code)))
    return new GatewayError({ kind: 'conflict' }, message);
  const issues = details.issues ?? [{ path: '', message: error.message }];
  return new GatewayError({ kind: 'rejected', code: details.code ?? error.code, issues }, message);
}
