import type { Queryable } from '../queryable.js';

type BudgetRow = { state: unknown; revision: string; ms: number };

/** Each try fails only because another one succeeded. */
const TRIES = 200;

/**
 * The requests that all processes together have sent to a provider: one row, by the database's clock. What the state
 * means is its owner's business. Nobody holds a lock while deciding: a process that is stopped in the middle would keep
 * every other from the provider. Who was slower decides again.
 */
export const providerBudgetStore = (db: Queryable, provider: string) => ({
  /**
   * `state` is null at first. What `decide` returns as `state` is kept; null keeps what is there. `decide` may be called
   * several times, and only its last result counts.
   */
  async change<T>(decide: (state: unknown, nowMs: number) => { state: object | null; result: T }): Promise<T> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const row = await read(db, provider);
      const { state, result } = decide(row?.state ?? null, row?.ms ?? 0);
      if (row && (state === null || (await replace(db, provider, row, state)))) return result;
      if (!row) await insert(db, provider);
    }
    throw new Error(`The budget of ${provider} changed ${TRIES} times while it was read`);
  },
});

export type ProviderBudgetStore = ReturnType<typeof providerBudgetStore>;

async function read(db: Queryable, provider: string): Promise<BudgetRow | undefined> {
  const { rows } = await db.query<BudgetRow>({
    name: 'read-provider-budget',
    text: `SELECT state, revision, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms
      FROM provider_budget WHERE provider = $1`,
    values: [provider],
  });
  return rows[0];
}

async function insert(db: Queryable, provider: string): Promise<void> {
  await db.query({
    name: 'first-provider-budget',
    text: 'INSERT INTO provider_budget (provider) VALUES ($1) ON CONFLICT DO NOTHING',
    values: [provider],
  });
}

/** False when somebody else was faster, and when this process was so slow that what it decided is of another time. */
async function replace(db: Queryable, provider: string, row: BudgetRow, state: object): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'replace-provider-budget',
    text: `UPDATE provider_budget SET state = $3, revision = revision + 1, changed_at = clock_timestamp()
      WHERE provider = $1 AND revision = $2
        AND extract(epoch FROM clock_timestamp()) * 1000 BETWEEN $4::float8 AND $4::float8 + 2000`,
    values: [provider, row.revision, JSON.stringify(state), row.ms],
  });
  return rowCount === 1;
}
