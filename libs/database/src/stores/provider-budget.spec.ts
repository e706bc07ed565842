import { createTestDatabase, type TestDatabase } from '../testing/index.js';
import { type Database, openDatabase } from '../open-database.js';
import { providerBudgetStore } from './provider-budget.store.js';

let database: TestDatabase;
let processes: Database[];

/** Two processes, with the rights of the provisioner. */
beforeAll(async () => {
  database = await createTestDatabase();
  processes = await Promise.all([1, 2].map(() => openDatabase({ url: database.roleUrl('trawling_provisioner') })));
});
afterAll(async () => {
  for (const one of processes) await one.close();
  await database.close();
});

const countOf = (state: unknown): number => (state as { count: number } | null)?.count ?? 0;
const countUp = (state: unknown) => ({ state: { count: countOf(state) + 1 }, result: countOf(state) });
const stores = (provider: string) => processes.map(({ pool }) => providerBudgetStore(pool, provider));

describe('the budget of a provider', () => {
  it('loses no change when two processes change it at once', async () => {
    const [one, other] = stores('busy');

    const results = await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : other)?.change(countUp)));

    expect(results.sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('starts without a state, keeps what is decided, and leaves what is there for null', async () => {
    const [store] = stores('calm');

    expect(await store?.change((state) => ({ state: null, result: state }))).toBeNull();
    await store?.change(countUp);
    await store?.change(() => ({ state: null, result: undefined }));

    expect(await store?.change((state) => ({ state: null, result: state }))).toEqual({ count: 1 });
  });

  it('is one per provider', async () => {
    const [store] = stores('this one');
    await store?.change(countUp);

    expect(await stores('another')[0]?.change(countUp)).toBe(0);
  });

  it('goes by the database’s clock', async () => {
    const [store] = stores('clock');
    const told = await store?.change((_state, nowMs) => ({ state: null, result: nowMs }));
    const { rows } = (await processes[0]?.pool.query<{ ms: number }>('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms')) ?? { rows: [] };

    expect(rows[0]?.ms).toBeGreaterThanOrEqual(told ?? Number.POSITIVE_INFINITY);
  });

  it('keeps nothing of a decision that fails', async () => {
    const [store] = stores('failing');
    await store?.change(countUp);

    await expect(store?.change(() => { throw new Error('no'); })).rejects.toThrow('no');

    expect(await store?.change(countUp)).toBe(1);
  });
});
