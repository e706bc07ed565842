/** Why a status did not arrive; also the values of a metric's label, so the list is short and closed. */
export type FailureReason =
  | 'timeout'
  | 'network'
  | 'certificate'
  | 'server-error'
  | 'throttled'
  | 'unauthorized'
  | 'invalid'
  | 'not-a-receiver'
  | 'refused'
  | 'given-up';

export type Failure = {
  ok: false;
  reason: FailureReason;
  /** null when there was no answer. */
  httpStatus: number | null;
  /** Asked for by the receiver, in milliseconds; null when it did not, or not in a way that can be read. */
  retryAfterMs: number | null;
  /** The code of an answered problem document or of a network error; nothing else of an answer is kept. */
  code: string | null;
};

/** What became of one status that was sent. */
export type Outcome = { ok: true; httpStatus: number } | Failure;

/** Failures that pass by themselves. The others need a human, and are tried again slowly. */
export const passesByItself = (reason: FailureReason): boolean =>
  ['timeout', 'network', 'certificate', 'server-error', 'throttled', 'given-up'].includes(reason);

/** Failures that only a human can mend. */
export const needsHuman = (reason: FailureReason): boolean => reason === 'certificate' || !passesByItself(reason);
