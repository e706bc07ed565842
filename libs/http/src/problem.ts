import { DomainError, type Issue, type Problem, type ProblemCode, problems } from '@trawling/contracts';
import { z } from 'zod';

/** RFC 9457 document of an error. The base members win over extensions of the same name. */
export function problemDocument(error: DomainError, requestId: string): Problem {
  const { status, title } = problems[error.code];
  return {
    ...error.extensions,
    type: `/problems/${error.code}`,
    title,
    status,
    code: error.code,
    // What went wrong inside is for the log, not for the wire.
    ...(error.code === 'internal-error' ? {} : { detail: error.message }),
    request_id: requestId,
  };
}

/** The whole answer for an error, with the headers that its status asks for. */
export function problemReply(error: DomainError, requestId: string): { status: number; headers: Record<string, string>; raw: string } {
  const { status } = problems[error.code];
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
      ...((status === 429 || status === 503) && { 'Retry-After': String(retryAfter(error)) }),
    },
    raw: JSON.stringify(problemDocument(error, requestId)),
  };
}

/** Seconds; whoever throws may say so with the extension `retry_after`. */
function retryAfter(error: DomainError): number {
  const given = error.extensions['retry_after'];
  return typeof given === 'number' ? Math.max(1, Math.ceil(given)) : 5;
}

/**
 * Finds the place of anything thrown in the error table. Whatever is not known there is an `internal-error`: so is a bare
 * ZodError, because requests are parsed with parseRequest and another schema is about something we stored.
 */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const http = HttpError.safeParse(error);
  if (http.success) return new DomainError(codeOf(http.data), detailOf(http.data));
  return new DomainError('internal-error', 'unexpected error');
}

export function invalidRequest(issues: Issue[]): DomainError {
  const first = issues[0];
  const detail = first ? `${first.path ? `${first.path}: ` : ''}${first.message}` : 'the request does not match the contract';
  return new DomainError('invalid-request', detail, { issues: issues.slice(0, 50) });
}

/** Issues with dotted paths; `where` is put in front (`query`, `params`, `headers`; nothing for the body). */
export function issuesOf(error: z.ZodError, where?: string): Issue[] {
  return error.issues.flatMap((issue) => {
    const path = [...(where ? [where] : []), ...issue.path.map(String)];
    if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'unknown field' }));
  });
}

/** Errors of Express and its body parser carry a status below 500 and, mostly, a type. */
const HttpError = z.looseObject({ status: z.int().min(400).max(499), type: z.string().optional() });
type HttpError = z.infer<typeof HttpError>;

const codesByType: Record<string, ProblemCode> = {
  'entity.parse.failed': 'malformed-json',
  'entity.too.large': 'payload-too-large',
  'charset.unsupported': 'unsupported-media-type',
  'encoding.unsupported': 'unsupported-media-type',
};

const codeOf = (error: HttpError): ProblemCode => codesByType[error.type ?? ''] ?? 'invalid-request';

/** Written here: a parser's own message may repeat what was sent. */
function detailOf(error: HttpError): string {
  const code = codeOf(error);
  if (code === 'malformed-json') return 'The body could not be parsed as JSON.';
  if (code === 'payload-too-large') return 'The body is larger than this address accepts.';
  if (code === 'unsupported-media-type') return 'Send uncompressed application/json in UTF-8.';
  return 'The request could not be read.';
}
