import type { ProblemCode } from '@trawling/contracts';
import { canonicalJson } from '@trawling/domain';
import { z } from 'zod';
import type { Caller } from '../auth/caller.js';
import type { ChangeRequest } from './change.js';
import { botEtag } from './lock-bot-for-change.js';

/** Headers that every change understands. */
export const ChangeHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,200}$/, 'expected 1 to 200 printable characters without spaces')
    .optional()
    .describe('Kept for 24 hours: the same key with the same request gets the first answer again'),
  'if-match': z.string().max(1000).optional().describe('Entity tag of GET /bots/{bot_id}: 412 when the bot has changed since'),
});

/** What any change of a bot may be refused with. */
export const changeProblems = [
  'forbidden',
  'bot-not-found',
  'version-conflict',
  'request-in-progress',
  'bot-decommissioned',
  'precondition-failed',
  'idempotency-key-reused',
  'unavailable',
] as const satisfies readonly ProblemCode[];

/** The part of a request that `runChange` needs. */
export function changeRequest(
  input: {
    auth: Caller;
    requestId: string;
    headers: z.output<typeof ChangeHeaders>;
    req: { method: string; originalUrl: string; body?: unknown };
  },
  status: number,
): ChangeRequest {
  const { auth: caller, requestId, headers, req } = input;
  const key = headers['idempotency-key'];
  const asked = [req.method, req.originalUrl, headers['if-match'] ?? null, req.body ?? null];
  const idempotency = key === undefined ? null : { key, request: canonicalJson(asked) };
  return { caller, requestId, status, idempotency };
}

/** Headers of an answer to a change. */
export function changeHeaders(answer: { replayed: boolean; body: { desired_version?: number } }): Record<string, string> {
  const version = answer.body.desired_version;
  return {
    ...(version === undefined ? {} : { ETag: botEtag(version) }),
    ...(answer.replayed ? { 'Idempotency-Replayed': 'true' } : {}),
  };
}
