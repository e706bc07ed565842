import { type Clock } from '@trawling/runtime';
import { BudgetState, DIGITALOCEAN_LIMITS, emptyBudget, learn, takeOne, usedByOthers, usedOf, type BudgetLimits } from './budget-rule.js';
import type { RequestBudget, RequestKind } from './request-budget.js';

/** Where the state lives. Changes of it take turns, and `nowMs` is one clock for all who share it. */
export type BudgetStore = {
  /** `state` is null at first. What `decide` returns as `state` is kept; null keeps what is there. */
  change: <T>(decide: (state: unknown, nowMs: number) => { state: object | null; result: T }) => Promise<T>;
};

export type RequestBudgetDeps = {
  store: BudgetStore;
  clock: Clock;
  /** 0 to 1; spreads those who wait for the same moment. */
  random: () => number;
  limits?: BudgetLimits;
};

/** Who waits for the same moment comes back within this much of it. */
const SPREAD_MS = 400;
/** An answer that suggests that others use the token is looked into at most this often. */
const LEARN_EVERY_MS = 5_000;

/**
 * One budget on a store that processes share. In each process only the first of each kind asks the store, the others
 * queue behind it: a thousand waiting creates are one question now and then.
 */
export function createRequestBudget(deps: RequestBudgetDeps): RequestBudget {
  const limits = deps.limits ?? DIGITALOCEAN_LIMITS;
  const queues = new Map<RequestKind, Promise<void>>();
  let usedInHour = 0;
  let learntAt = Number.NEGATIVE_INFINITY;

  const ask = (kind: RequestKind): Promise<number> =>
    deps.store.change((state, nowMs) => {
      const taken = takeOne(readState(state), { nowMs, kind, limits });
      usedInHour = usedOf(taken.state.hour);
      return { state: taken.waitMs === 0 ? taken.state : null, result: taken.waitMs };
    });

  const takeInTurn = async (kind: RequestKind, signal: AbortSignal | undefined): Promise<void> => {
    for (;;) {
      signal?.throwIfAborted();
      const waitMs = await ask(kind);
      if (waitMs === 0) return;
      await deps.clock.sleep(waitMs + SPREAD_MS * deps.random(), signal);
    }
  };

  return {
    take(kind, signal) {
      const turn = (queues.get(kind) ?? Promise.resolve()).then(() => takeInTurn(kind, signal));
      queues.set(kind, turn.catch(() => undefined));
      return signal ? orAborted(turn, signal) : turn;
    },

    async observe(answer) {
      if (answer.status !== 429) {
        if (usedByOthers(usedInHour, answer, limits) === 0 || deps.clock.monotonicMs() - learntAt < LEARN_EVERY_MS) return;
        learntAt = deps.clock.monotonicMs();
      }
      await deps.store.change((state, nowMs) => ({ state: learn(readState(state), { nowMs, answer, limits }), result: undefined }));
    },
  };
}

/** A state nobody can read any more (another version wrote it) counts as empty: the answers will tell. */
const readState = (state: unknown): BudgetState => BudgetState.safeParse(state).data ?? emptyBudget;

/** Who waits behind others hears of the abort at once. */
function orAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(asError(signal.reason));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));
