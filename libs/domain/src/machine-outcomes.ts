import { BOOT_DEADLINE_MS, CREATE_DEADLINE_MS, createBackoffMs, later, type MachineChange } from './machine-facts.js';

export type CreateOutcome =
  | { outcome: 'accepted'; providerId: string }
  | { outcome: 'rejected'; reason: string; retryable: boolean }
  /** The call ended without a clear answer: a machine may exist. */
  | { outcome: 'unknown'; reason: string };

/**
 * Written and committed before the create call: whoever finds `creating` later knows that a call may have gone out.
 * `createTimeoutMs` is the driver's own bound of the call.
 */
export function createIntent({ now, attempt, createTimeoutMs = CREATE_DEADLINE_MS }: { now: Date; attempt: number; createTimeoutMs?: number }): MachineChange {
  return {
    state: 'creating',
    reason: attempt === 1 ? 'The machine is being created' : `The machine is being created (attempt ${attempt})`,
    providerId: null,
    attempts: attempt,
    deadline: later(now, createTimeoutMs),
    notBefore: null,
  };
}

/** What a create call leaves in the row. An unknown outcome gets its own not-before time, so that a new lease holder cannot create early. */
export function createOutcome({ now, attempt, result, settleMs }: { now: Date; attempt: number; result: CreateOutcome; settleMs: number }): MachineChange {
  switch (result.outcome) {
    case 'accepted':
      return {
        state: 'booting',
        reason: 'The machine was created and is starting',
        providerId: result.providerId,
        deadline: later(now, BOOT_DEADLINE_MS),
        notBefore: null,
      };
    // A refused create costs nothing: what may heal is tried for ever, ever more slowly.
    case 'rejected':
      return {
        state: 'failed',
        reason: `The machine could not be created: ${result.reason}`,
        deadline: null,
        notBefore: result.retryable ? later(now, createBackoffMs(attempt)) : null,
      };
    case 'unknown':
      return {
        state: 'create_unknown',
        reason: `It is not known whether the machine was created: ${result.reason}`,
        deadline: null,
        notBefore: later(now, settleMs),
      };
  }
}
