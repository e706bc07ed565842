import { type Issue } from '@trawling/contracts';

/**
 * What a failed call to the sync-adapter means to the agent:
 * - `unauthorized`: the credential is not known; keep the config, ask again in an hour.
 * - `gone`: decommissioned, or a newer machine took over; stop trading and stop asking.
 * - `busy`: overload, or not ready yet (`code`); ask again after that many milliseconds.
 * - `refused`: this request will never be accepted as it is.
 * - `unreachable`: no usable answer.
 */
export type SyncFailure =
  | { kind: 'unauthorized' }
  | { kind: 'gone'; code: string }
  | { kind: 'busy'; code: string; retryAfterMs: number; issues?: Issue[] }
  | { kind: 'refused'; status: number; code: string; issues: Issue[] }
  | { kind: 'unreachable' };

export class SyncError extends Error {
  constructor(
    readonly failure: SyncFailure,
    message: string,
  ) {
    super(message);
    this.name = 'SyncError';
  }
}
