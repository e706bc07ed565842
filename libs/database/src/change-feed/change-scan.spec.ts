import { until } from '@trawling/runtime/testing';
import { Client } from 'pg';
import { openDatabase, type Database } from '../open-database.js';
import { createTestDatabase, type TestDatabase } from '../testing/index.js';
import { type Change } from './change.js';
import { openChangeScan } from './change-scan.js';
import { listenForChanges } from './listen-for-changes.js';
import { notify } from './notify.js';
import { pruneChangeLog } from './prune-change-log.js';

let testDatabase: TestDatabase;
let database: Database;
const opened: Client[] = [];

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await openDatabase({ url: testDatabase.url });
});
afterEach(async () => {
  for (const client of opened.splice(0)) await client.end();
});
afterAll(async () => {
  await database.close();
  await testDatabase.close();
});

async function connect(): Promise<Client> {
  const client = new Client({ connectionString: testDatabase.url });
  await client.connect();
  opened.push(client);
  return client;
}

/** As notify does, but the notification is lost. */
const change = async (client: Pick<Client, 'query'>, id: string, topic = 'config'): Promise<string> => {
  const { rows } = await client.query<{ id: string }>('INSERT INTO change_log (topic, ids) VALUES ($1, $2) RETURNING id::text', [topic, [id]]);
  return rows[0]?.id ?? '';
};

const idsOf = (changes: readonly Change[] | null): string[] => (changes ?? []).flatMap(({ ids }) => ids ?? []);

describe('the safety scan behind the notifications', () => {
  it('finds what two transactions changed that commit out of order', async () => {
    const [early, late] = [await connect(), await connect()];
    const scan = await openChangeScan(database.pool, () => 0);
    await early.query('BEGIN');
    await change(early, 'began first');
    await late.query('BEGIN');
    await change(late, 'committed first');

    await late.query('COMMIT');
    const first = await scan.read();
    const between = await scan.read();
    await early.query('COMMIT');
    const second = await scan.read();
    const third = await scan.read();

    expect([first, between, second, third].map(idsOf)).toEqual([['committed first'], [], ['began first'], []]);
  });

  it('loses none of many that commit in any order', async () => {
    const scan = await openChangeScan(database.pool, () => 0);
    const found: string[] = [];
    const writers = Array.from({ length: 5 }, async (_, writer) => {
      const client = await connect();
      for (let n = 0; n < 20; n++) {
        await client.query('BEGIN');
        await change(client, `${writer}-${n}`);
        if (n % 3 === 0) await database.pool.query('SELECT 1');
        await client.query(n % 7 === 6 ? 'ROLLBACK' : 'COMMIT');
      }
    });
    const writing = Promise.all(writers).then(() => 'done' as const);

    while ((await Promise.race([writing, scan.read().then((news) => void found.push(...idsOf(news)))])) !== 'done');
    found.push(...idsOf(await scan.read()));

    const { rows } = await database.pool.query<{ id: string }>("SELECT ids[1] AS id FROM change_log WHERE ids[1] ~ '^[0-9]+-[0-9]+$'");
    expect(found.sort()).toEqual(rows.map((row) => row.id).sort());
    expect(found).toHaveLength(5 * 18);
  });

  it('does not tell again what a notification told', async () => {
    const scan = await openChangeScan(database.pool, () => 0);
    const logId = await change(database.pool, 'told');

    expect(scan.hear(logId)).toBe(true);

    expect(await scan.read()).toEqual([]);
    expect(scan.hear(logId)).toBe(false);
  });

  it('knows no topic of a later release, and takes a row without ids for "everything"', async () => {
    const scan = await openChangeScan(database.pool, () => 0);
    await change(database.pool, 'x', 'of a later release');
    await notify(database.pool, { topic: 'keys', ids: null });
    expect(await scan.read()).toEqual([{ topic: 'keys', ids: null }]);
  });

  it('says "everything" of more than it can read, after a long silence, and in a database restored to an earlier point', async () => {
    let now = 0;
    const scan = await openChangeScan(database.pool, () => now);
    await database.pool.query("INSERT INTO change_log (topic, ids) SELECT 'config', ARRAY['bulk'] FROM generate_series(1, 6000)");
    expect(await scan.read()).toBeNull();
    expect(await scan.read()).toEqual([]);

    now += 31 * 60_000;
    expect(await scan.read()).toBeNull();
    expect(await scan.read()).toEqual([]);

    const snapshots = ['100:100:', '90:90:', '90:90:'];
    const restored = await openChangeScan({ query: () => Promise.resolve({ rows: [{ snapshot: snapshots.shift() ?? '', id: null, topic: null, ids: null }] }) }, () => 0);
    expect(await restored.read()).toBeNull();
    expect(await restored.read()).toEqual([]);
  });

  it('says "everything" once of more than it can read, however long an older transaction stays open', async () => {
    const old = await connect();
    await old.query('BEGIN');
    await change(old, 'committed last');
    const scan = await openChangeScan(database.pool, () => 0);
    await database.pool.query("INSERT INTO change_log (topic, ids) SELECT 'config', ARRAY['bulk'] FROM generate_series(1, 6000)");

    const scans = [await scan.read(), await scan.read()];
    await change(database.pool, 'one more');
    scans.push(await scan.read());
    await old.query('COMMIT');
    scans.push(await scan.read(), await scan.read());

    expect(scans.map((news) => news && idsOf(news))).toEqual([null, [], ['one more'], ['committed last'], []]);
  });

  it('makes up for lost notifications within a scan, and says up to when everything was told', async () => {
    const heard: Change[] = [];
    const feed = await listenForChanges({
      url: testDatabase.roleUrl('trawling_sync_adapter'),
      onChange: (news) => heard.push(news),
      onReconnect: () => undefined,
      scanMs: 20,
    });
    const openedAt = feed.confirmedAt();

    await change(database.pool, 'lost');
    await until(() => heard.length === 1);
    await notify(database.pool, { topic: 'config', ids: ['told'] });
    await until(() => heard.length === 2);
    const toldAt = feed.confirmedAt();
    await until(() => feed.confirmedAt() > toldAt);

    expect(idsOf(heard)).toEqual(['lost', 'told']);
    expect(toldAt).toBeGreaterThan(openedAt);
    await feed.close();
  });

  it('is pruned of what is older than an hour', async () => {
    await database.pool.query('DELETE FROM change_log');
    await database.pool.query(
      "INSERT INTO change_log (topic, ids, at) SELECT 'config', ARRAY[age], now() - age::interval FROM unnest(ARRAY['61 minutes', '2 days', '59 minutes']) AS age",
    );

    expect(await pruneChangeLog(database.pool)).toBe(2);

    const { rows } = await database.pool.query('SELECT ids FROM change_log');
    expect(rows).toEqual([{ ids: ['59 minutes'] }]);
  });
});
