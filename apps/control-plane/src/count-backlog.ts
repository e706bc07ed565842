import { decisionsWaiting, enrollmentsOutstanding, type Queryable } from '@trawling/database';
import type { Metrics } from '@trawling/http';

/** What waits for the control plane, read from the database when somebody asks: every replica shows the same. */
export function countBacklog(metrics: Metrics, db: Queryable): void {
  metrics.gauges('decisions_waiting', 'Requests of machines that nobody has decided.', ['what'], async () =>
    Object.entries(await decisionsWaiting(db)).map(([what, value]) => ({ labels: { what }, value })));
  metrics.gauges('enrollments_outstanding', 'Machines that were given a token and have not enrolled.', [], async () => [
    { labels: {}, value: await enrollmentsOutstanding(db) },
  ]);
}
