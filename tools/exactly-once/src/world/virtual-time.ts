import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database } from '@trawling/database';
import { type Clock } from '@trawling/runtime';

/**
 * The only time there is in a schedule: of the database, of every worker and of the cloud. It moves when the test moves
 * it, so a lease expires and a settle time passes at once, and a stopped process finds itself in the future.
 */
export type VirtualTime = {
  ms: () => number;
  /** For the cloud, which lives in the test's own process. */
  clock: Clock;
  advance: (ms: number) => Promise<void>;
  /** Runs when time has come there; in the order of the times. */
  at: (ms: number, run: () => void | Promise<void>) => void;
  /** When something waits for its time. */
  next: () => number | null;
  /** Forgets what waits. */
  clear: () => void;
  close: () => void;
};

/** Real milliseconds after which an answer is taken to need time that only the test can make pass. */
const SHORT_MS = 60;

/** Waits for something that the cloud may do at once, or only when time goes on: whoever moves the time must not wait for that. */
export async function unlessItTakesTime(run: () => Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const done = run().catch(() => undefined).finally(() => patience.abort());
  await Promise.race([done, sleep(SHORT_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
}

/** `now()` and its relatives are found in the schema `sim` first, before Postgres' own; so are the columns' defaults. */
export const setUpDatabaseTime = async (database: Database): Promise<void> => {
  const functions = ['now', 'clock_timestamp', 'statement_timestamp', 'transaction_timestamp'].map(
    (name) => `CREATE FUNCTION sim.${name}() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM sim.clock';`,
  );
  await database.pool.query(`
    CREATE SCHEMA sim;
    CREATE TABLE sim.clock (at timestamptz NOT NULL);
    INSERT INTO sim.clock VALUES (pg_catalog.now());
    ${functions.join('\n')}
    GRANT USAGE ON SCHEMA sim TO PUBLIC;
    GRANT SELECT ON sim.clock TO PUBLIC;
    DO $$
    DECLARE col record;
    BEGIN
      FOR col IN SELECT table_name, column_name FROM information_schema.columns
          WHERE table_schema = 'public' AND column_default ~* 'now\\(\\)|CURRENT_TIMESTAMP' LOOP
        EXECUTE format('ALTER TABLE public.%I ALTER COLUMN %I SET DEFAULT sim.now()', col.table_name, col.column_name);
      END LOOP;
      EXECUTE format('ALTER DATABASE %I SET search_path = sim, public, pg_catalog', current_database());
    END $$;`);
};

/** `file` is what the workers read. `onMove` runs after each move; a long way is gone in pieces, from one thing that waits to the next. */
export async function openVirtualTime(input: { database: Database; file: string; startMs: number; onMove: (byMs: number) => Promise<void> }): Promise<VirtualTime> {
  const { database, onMove } = input;
  const file = openSync(input.file, 'w');
  const waiting: { ms: number; run: () => void | Promise<void> }[] = [];
  const bytes = Buffer.alloc(8);
  let ms = input.startMs;
  const publish = async (): Promise<void> => {
    bytes.writeDoubleLE(ms);
    writeSync(file, bytes, 0, bytes.length, 0);
    await database.pool.query('UPDATE sim.clock SET at = to_timestamp($1::double precision / 1000)', [ms]);
  };
  const moveTo = async (next: number): Promise<void> => {
    const byMs = next - ms;
    if (byMs === 0) return;
    ms = next;
    await publish();
    await onMove(byMs);
  };
  const at: VirtualTime['at'] = (when, run) => void waiting.push({ ms: when, run });
  await publish();
  return {
    ms: () => ms,
    at,
    next: () => waiting.reduce<number | null>((first, one) => (first === null || one.ms < first ? one.ms : first), null),
    clear: () => void waiting.splice(0),
    close: () => closeSync(file),
    clock: {
      now: () => new Date(ms),
      monotonicMs: () => ms,
      sleep: (duration, signal) =>
        new Promise((resolve) => {
          at(ms + duration, resolve);
          signal?.addEventListener('abort', () => resolve(), { once: true });
        }),
    },
    async advance(byMs) {
      const end = ms + byMs;
      for (;;) {
        const due = waiting.filter((one) => one.ms <= end).sort((a, b) => a.ms - b.ms)[0];
        await moveTo(Math.max(ms, due?.ms ?? end));
        if (!due) return;
        waiting.splice(waiting.indexOf(due), 1);
        await due.run();
      }
    },
  };
}
