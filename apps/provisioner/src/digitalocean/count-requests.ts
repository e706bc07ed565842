import { type BudgetStore, readRequestsLeft, type RequestBudget } from '@trawling/digitalocean';
import type { Metrics } from '@trawling/http';

/** The budget, with what goes through it counted, and what is left of it for all who share it. */
export function countRequests(metrics: Metrics, budget: RequestBudget, store: BudgetStore): RequestBudget {
  const asked = metrics.counter('provider_requests_total', 'Requests that were granted to DigitalOcean’s API, by what for.', ['kind']);
  const answered = metrics.counter('provider_answers_total', 'Answers of DigitalOcean’s API by status.', ['status']);
  metrics.gauges('provider_requests_left', 'Requests left of the shared budget, those kept for deletes aside.', ['window'], async () =>
    Object.entries(await readRequestsLeft(store)).map(([window, value]) => ({ labels: { window }, value })));
  return {
    async take(kind, signal) {
      await budget.take(kind, signal);
      asked({ kind });
    },
    observe(answer) {
      answered({ status: String(answer.status) });
      return budget.observe(answer);
    },
  };
}
