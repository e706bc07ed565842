/**
 * `delete` may use what is reserved: machines that cost money must go even when the rest waits. The reads without which
 * nothing can be deleted are of this kind, too.
 */
export type RequestKind = 'read' | 'create' | 'delete' | 'other';

/** What an answer told about the limits: its status and its headers in lower case. */
export type RateAnswer = { status: number; headers: Readonly<Record<string, string | undefined>> };

/** The right to send requests with one token, shared by whoever uses it: 250 in any minute and 5,000 in any hour. */
export type RequestBudget = {
  /** Resolves when one request may be sent, in the order of asking for each kind. Rejects with the signal's reason. */
  take: (kind: RequestKind, signal?: AbortSignal) => Promise<void>;
  /** Learns from every answer: what others have used of the hour, and how long to stay away after a 429. */
  observe: (answer: RateAnswer) => Promise<void>;
};
