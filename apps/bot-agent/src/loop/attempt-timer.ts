import { type Clock } from '@trawling/runtime';
import { type AgentState, type Attempt } from '../state/agent-state.js';

/** A deadline of minutes needs no finer memory. */
const REMEMBER_EVERY_MS = 20_000;

export interface AttemptTimer {
  /** For how long this attempt was tried, in milliseconds: by a clock that never jumps, over restarts of the agent. */
  spentMs(attempt: Attempt): number;
  /** Puts it into the journal when it has grown. */
  remember(attempt: Attempt): Promise<void>;
}

/** The wall clock of a bot may be wrong by a day and be set right in the middle of an attempt: it is not asked. */
export function createAttemptTimer(deps: { clock: Pick<Clock, 'monotonicMs'>; state: Pick<AgentState, 'attempt'> }): AttemptTimer {
  let known: { startedAt: string; hash: string; spentMs: number; fromMs: number } | null = null;

  const spentMs = (attempt: Attempt): number => {
    const { started_at: startedAt, payload } = attempt;
    if (known?.startedAt !== startedAt || known.hash !== payload.hash)
      known = { startedAt, hash: payload.hash, spentMs: attempt.spent_ms, fromMs: deps.clock.monotonicMs() };
    return known.spentMs + deps.clock.monotonicMs() - known.fromMs;
  };

  return {
    spentMs,
    remember: async (attempt) => {
      const spent = spentMs(attempt);
      if (spent - attempt.spent_ms > REMEMBER_EVERY_MS) await deps.state.attempt.write({ ...attempt, spent_ms: spent });
    },
  };
}
