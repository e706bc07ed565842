import { providerBudgetStore, openDatabase } from '@trawling/database';
import { createTestDatabase } from '@trawling/database/testing';
import { type BudgetLimits, createRequestBudget, DIGITALOCEAN_LIMITS } from '@trawling/digitalocean';
import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';

const limit = 30;
const reserve = 5;
const limits: BudgetLimits = { ...DIGITALOCEAN_LIMITS, minute: { ...DIGITALOCEAN_LIMITS.minute, limit, reserve } };

describe('the request budget of two provisioners on one database', () => {
  it('grants both together what one may have, and deletes what is kept for them', async () => {
    const testDatabase = await createTestDatabase();
    const databases = await Promise.all([1, 2].map(() => openDatabase({ url: testDatabase.roleUrl('trawling_provisioner') })));
    const budgets = databases.map(({ pool }) => createRequestBudget({ store: providerBudgetStore(pool, 'digitalocean'), clock: systemClock, random: Math.random, limits }));
    const stopping = new AbortController();
    let granted = 0;
    const take = (kind: 'read' | 'create' | 'delete', index: number): Promise<unknown> | undefined =>
      budgets[index % 2]?.take(kind, AbortSignal.any([stopping.signal])).then(() => (granted += 1));

    const wanted = Array.from({ length: limit }, (_, index) => take(index % 4 < 2 ? 'read' : 'create', index));
    const settled = Promise.allSettled(wanted);
    await until(() => granted === limit - reserve);
    await Promise.all(Array.from({ length: reserve }, (_, index) => take('delete', index)));
    stopping.abort(new Error('enough'));
    const outcomes = await settled;

    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(reserve);
    expect(granted).toBe(limit);
    for (const one of databases) await one.close();
    await testDatabase.close();
  });
});
