import { createFakeClock } from '@trawling/runtime/testing';
import { createRequestBudget } from './create-request-budget.js';
import { createMemoryBudget, memoryBudgetStore } from './memory-budget.js';

const limits = {
  minute: { spanMs: 60_000, bucketMs: 1_000, limit: 3, reserve: 1 },
  hour: { spanMs: 3_600_000, bucketMs: 60_000, limit: 5_000, reserve: 100 },
};

function openBudget() {
  const clock = createFakeClock();
  return { clock, budget: createMemoryBudget({ clock, random: () => 0, limits }) };
}

describe('taking from the budget', () => {
  it('lets those who ask for the same go in the order of asking, and deletes go before them', async () => {
    const { clock, budget } = openBudget();
    const went: string[] = [];
    const take = (name: string, kind: 'create' | 'delete') => budget.take(kind).then(() => went.push(name));

    const creates = ['a', 'b', 'c', 'd'].map((name) => take(name, 'create'));
    await clock.advance(10);
    const remove = take('x', 'delete');
    await clock.advance(10);
    const atOnce = [...went];
    await clock.advance(120_000);
    await Promise.all([...creates, remove]);

    expect(atOnce).toEqual(['a', 'b', 'x']);
    expect(went).toEqual(['a', 'b', 'x', 'c', 'd']);
  });

  it('rejects whoever gives up while waiting, at once, and lets the others go on', async () => {
    const { clock, budget } = openBudget();
    await budget.take('read');
    await budget.take('read');
    const giveUp = new AbortController();

    const first = budget.take('read', giveUp.signal);
    const second = budget.take('read');
    giveUp.abort(new Error('enough'));

    await expect(first).rejects.toThrow('enough');
    await clock.advance(61_000);
    await second;
  });

  it('is one for all who share a store', async () => {
    const clock = createFakeClock();
    const store = memoryBudgetStore(clock);
    const [one, other] = [createRequestBudget({ store, clock, random: () => 0, limits }), createRequestBudget({ store, clock, random: () => 0, limits })];
    await one.take('read');
    await other.take('read');
    let went = false;

    const third = one.take('read').then(() => (went = true));
    await clock.advance(50_000);

    expect(went).toBe(false);
    await clock.advance(15_000);
    await third;
  });

  it('tells all who share a store of a 429', async () => {
    const clock = createFakeClock();
    const store = memoryBudgetStore(clock);
    const [one, other] = [createRequestBudget({ store, clock, random: () => 0, limits }), createRequestBudget({ store, clock, random: () => 0, limits })];
    let went = false;

    await one.observe({ status: 429, headers: { 'retry-after': '20' } });
    const taken = other.take('delete').then(() => (went = true));
    await clock.advance(19_000);

    expect(went).toBe(false);
    await clock.advance(2_000);
    await taken;
  });

  it('rejects when the store cannot be asked, and works again when it can', async () => {
    const clock = createFakeClock();
    const working = memoryBudgetStore(clock);
    let away = true;
    const store: typeof working = { change: (decide) => (away ? Promise.reject(new Error('no database')) : working.change(decide)) };
    const budget = createRequestBudget({ store, clock, random: () => 0, limits });

    await expect(budget.take('create')).rejects.toThrow('no database');
    away = false;

    await expect(budget.take('create')).resolves.toBeUndefined();
  });

  it('takes a state that it cannot read for an empty one', async () => {
    const clock = createFakeClock();
    let kept: object = { of: 'another version' };
    const store = {
      change: async <T>(decide: (state: unknown, nowMs: number) => { state: object | null; result: T }): Promise<T> => {
        const { state, result } = decide(kept, 0);
        kept = state ?? kept;
        return result;
      },
    };

    await createRequestBudget({ store, clock, random: () => 0, limits }).take('read');

    expect(kept).toEqual({ minute: [[0, 1]], hour: [[0, 1]], blocked_until_ms: 0 });
  });
});
