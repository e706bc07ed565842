import { BudgetState, DIGITALOCEAN_LIMITS, emptyBudget, requestsLeft, type BudgetLimits } from './budget-rule.js';
import type { BudgetStore } from './create-request-budget.js';

/** Requests that whoever shares the store may still send in this minute and this hour, besides those kept for deletes. Changes nothing. */
export const readRequestsLeft = (store: BudgetStore, limits: BudgetLimits = DIGITALOCEAN_LIMITS): Promise<{ minute: number; hour: number }> =>
  store.change((state, nowMs) => ({ state: null, result: requestsLeft(BudgetState.safeParse(state).data ?? emptyBudget, { nowMs, limits }) }));
