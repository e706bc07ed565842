import { type FailureReason, type Outcome } from './outcome.js';
import { readRetryAfter } from './retry-after.js';

export type HttpAnswer = {
  status: number;
  contentType: string | undefined;
  retryAfter: string | undefined;
  /** The receiver's own clock, which its Retry-After speaks of. */
  date: string | undefined;
  /** null when it was longer than what is read. */
  body: string | null;
};

/**
 * What an answer means. Only 204, or another 2xx with `application/json`, is success: the gateway of OpenClaw answers an
 * unknown path with 200 and a web page.
 */
export function readAnswer(answer: HttpAnswer, now: Date): Outcome {
  const { status, body } = answer;
  const json = isJson(answer.contentType);
  if (status === 204 || (status >= 200 && status < 300 && json && body !== null)) return { ok: true, httpStatus: status };
  return {
    ok: false,
    reason: failureReason(status),
    httpStatus: status,
    retryAfterMs: status === 429 || status === 503 ? readRetryAfter(answer.retryAfter, answer.date, now) : null,
    code: problemCode(body),
  };
}

function failureReason(status: number): FailureReason {
  switch (status) {
    case 400:
    case 422:
      return 'invalid';
    case 401:
    case 403:
      return 'unauthorized';
    case 404:
    case 405:
      return 'not-a-receiver';
    case 408:
      return 'timeout';
    case 429:
      return 'throttled';
    default:
      if (status >= 500) return 'server-error';
      return status >= 400 ? 'refused' : 'not-a-receiver';
  }
}

const isJson = (contentType: string | undefined): boolean => contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json';

/** Of a problem document (RFC 9457) the code, when it looks like one of ours: answers may repeat what we sent. */
function problemCode(body: string | null): string | null {
  try {
    const document: unknown = JSON.parse(body ?? '');
    const code = typeof document === 'object' && document !== null && 'code' in document ? document.code : null;
    return typeof code === 'string' && /^[a-z][a-z-]{0,59}$/.test(code) ? code : null;
  } catch {
    return null;
  }
}
