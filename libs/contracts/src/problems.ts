import { z } from 'zod';
import { Issue } from './common.js';

/**
 * The one error table: code, status, title and log level cannot drift apart. RFC 9457 on the wire.
 * `docs/errors.md` lists the same codes (tested). Codes are stable: never rename one.
 */
export const problems = {
  'invalid-request': { status: 400, title: 'The request does not match the contract', log: 'info' },
  'malformed-json': { status: 400, title: 'The body is not JSON', log: 'info' },
  'unauthenticated': { status: 401, title: 'A valid credential is needed', log: 'info' },
  'forbidden': { status: 403, title: 'This key may not do that', log: 'info' },
  'not-found': { status: 404, title: 'There is nothing at this address', log: 'info' },
  'bot-not-found': { status: 404, title: 'No such bot', log: 'info' },
  'version-not-found': { status: 404, title: 'No such config version', log: 'info' },
  'instance-not-found': { status: 404, title: 'No such instance', log: 'info' },
  'secret-not-found': { status: 404, title: 'No such secret', log: 'info' },
  'agent-build-not-found': { status: 404, title: 'No such agent build', log: 'info' },
  'openclaw-lock-not-found': { status: 404, title: 'No such OpenClaw lock', log: 'info' },
  'method-not-allowed': { status: 405, title: 'This address does not know that method', log: 'info' },
  'version-conflict': { status: 409, title: 'The bot was changed by someone else', log: 'info' },
  'hash-mismatch': { status: 409, title: 'That version has another hash', log: 'warn' },
  'config-update-available': { status: 409, title: 'A newer config is there: fetch it', log: 'debug' },
  'enrollment-token-used': { status: 409, title: 'The token was used with other keys', log: 'warn' },
  'request-in-progress': { status: 409, title: 'The same request is still being worked on', log: 'info' },
  'nothing-to-retry': { status: 409, title: 'The bot has no failed config to retry', log: 'info' },
  'bot-decommissioned': { status: 410, title: 'The bot was decommissioned', log: 'info' },
  'machine-superseded': { status: 410, title: 'A newer machine took over this bot', log: 'info' },
  'precondition-failed': { status: 412, title: 'If-Match names another version', log: 'info' },
  'payload-too-large': { status: 413, title: 'The body is too large', log: 'info' },
  'unsupported-media-type': { status: 415, title: 'Send application/json', log: 'info' },
  'headers-too-large': { status: 431, title: 'The headers are too large', log: 'info' },
  'live-needs-confirmation': { status: 422, title: 'Live trading needs confirm_live: true', log: 'info' },
  'openclaw-path-not-allowed': { status: 422, title: 'That OpenClaw setting is not the owner’s to change', log: 'info' },
  'idempotency-key-reused': { status: 422, title: 'The Idempotency-Key was used with another request', log: 'info' },
  'unsupported-schema-version': { status: 422, title: 'That version of the status schema is not understood', log: 'info' },
  'instance-of-another-key': { status: 409, title: 'That instance is published with another key', log: 'warn' },
  'enrollment-refused': { status: 403, title: 'The enrollment could not be verified', log: 'warn' },
  'rotation-refused': { status: 403, title: 'The credential rotation could not be verified', log: 'warn' },
  'not-acceptable': { status: 406, title: 'That media type is not served here', log: 'info' },
  'upgrade-required': { status: 426, title: 'This address speaks WebSocket', log: 'info' },
  'rate-limited': { status: 429, title: 'Too many requests', log: 'info' },
  'internal-error': { status: 500, title: 'Something went wrong on our side', log: 'error' },
  'secrets-not-sealed': { status: 503, title: 'The secrets are not sealed for this machine yet', log: 'info' },
  'unavailable': { status: 503, title: 'Not ready: try again', log: 'warn' },
} as const satisfies Record<string, { status: number; title: string; log: 'debug' | 'info' | 'warn' | 'error' }>;

export type ProblemCode = keyof typeof problems;

/** RFC 9457 problem details as both HTTP apps answer them; extensions are named per code in docs/errors.md. */
export const Problem = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string().optional(),
  request_id: z.string().optional(),
  issues: z.array(Issue).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** A failure with a place in the table. Everything else that is thrown is answered as `internal-error`. */
export class DomainError extends Error {
  constructor(
    readonly code: ProblemCode,
    detail: string,
    /** Extra members of the problem document, e.g. `{ issues }` or `{ desired_version }`. */
    readonly extensions: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = 'DomainError';
  }
}
