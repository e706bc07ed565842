import { type Clock } from '@trawling/runtime';
import { type BudgetStore, createRequestBudget, type RequestBudgetDeps } from './create-request-budget.js';
import type { RequestBudget } from './request-budget.js';

/** The budget of a single process. Two of them on one token exceed its limits. */
export function createMemoryBudget(deps: Omit<RequestBudgetDeps, 'store'>): RequestBudget {
  return createRequestBudget({ ...deps, store: memoryBudgetStore(deps.clock) });
}

export function memoryBudgetStore(clock: Pick<Clock, 'now'>): BudgetStore {
  let kept: object | null = null;
  return {
    change: async (decide) => {
      const { state, result } = decide(kept, clock.now().getTime());
      kept = state ?? kept;
      return result;
    },
  };
}
