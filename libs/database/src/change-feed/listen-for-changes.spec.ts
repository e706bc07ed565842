import { Client } from 'pg';
import { until } from '@trawling/runtime/testing';
import { openDatabase, type Database } from '../open-database.js';
import { createTestDatabase, type TestDatabase } from '../testing/index.js';
import { type Change } from './change.js';
import { listenForChanges, type ChangeFeed } from './listen-for-changes.js';
import { notify } from './notify.js';

describe('the change feed', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let feed: ChangeFeed;
  let heard: Change[];
  let reconnects: number;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url });
  });
  afterAll(async () => {
    await database.close();
    await testDatabase.close();
  });
  beforeEach(async () => {
    heard = [];
    reconnects = 0;
    feed = await listenForChanges({
      url: testDatabase.url,
      onChange: (change) => heard.push(change),
      onReconnect: () => (reconnects += 1),
      scanMs: 50,
    });
  });
  afterEach(() => feed.close());

  const cutConnections = () =>
    database.pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'trawling change feed'");

  it('hears of a change when its transaction commits, not before', async () => {
    await database.transaction(async (tx) => {
      await notify(tx, { topic: 'config', ids: ['uncommitted'] });
      await notify(database.pool, { topic: 'config', ids: ['sent later'] });
      await until(() => heard.length === 1);
    });

    await until(() => heard.length === 2);
    expect(heard.map((change) => change.ids)).toEqual([['sent later'], ['uncommitted']]);
  });

  it('hears nothing of a transaction that is rolled back', async () => {
    const failing = database.transaction(async (tx) => {
      await notify(tx, { topic: 'secrets', ids: ['lost'] });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');

    await notify(database.prisma, { topic: 'secrets', ids: ['kept'] });

    await until(() => heard.length > 0);
    expect(heard).toEqual([{ topic: 'secrets', ids: ['kept'] }]);
  });

  it('says "everything" once when the ids of a bulk change do not fit', async () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => `bot-${index}`);

    await notify(database.prisma, { topic: 'config', ids });

    await until(() => heard.length === 1);
    expect(heard).toEqual([{ topic: 'config', ids: null }]);
  });

  it('ignores what it does not understand', async () => {
    for (const payload of ['', 'null', '{"topic":"of a later release","ids":[]}', '{']) {
      await database.pool.query('SELECT pg_notify($1, $2)', ['trawling', payload]);
    }
    await notify(database.prisma, { topic: 'credential', ids: ['known'] });

    await until(() => heard.length > 0);
    expect(heard).toEqual([{ topic: 'credential', ids: ['known'] }]);
  });

  it('keeps one row of a bulk change, which says "everything" as well', async () => {
    await database.pool.query('DELETE FROM change_log');
    await notify(database.pool, { topic: 'config', ids: Array.from({ length: 1_000 }, (_, index) => `bot-${index}`) });
    await notify(database.prisma, { topic: 'keys', ids: null });
    await notify(database.prisma, { topic: 'credential', ids: ['bot-1', 'bot-2'] });

    const { rows } = await database.pool.query('SELECT topic, ids FROM change_log ORDER BY id');

    expect(rows).toEqual([
      { topic: 'config', ids: [] },
      { topic: 'keys', ids: [] },
      { topic: 'credential', ids: ['bot-1', 'bot-2'] },
    ]);
  });

  it('is served to every role that changes something', async () => {
    for (const role of ['trawling_control_plane', 'trawling_sync_adapter', 'trawling_provisioner'] as const) {
      const theirs = await openDatabase({ url: testDatabase.roleUrl(role) });
      await notify(theirs.pool, { topic: 'config', ids: [role] });
      await theirs.close();
    }
    await until(() => heard.length === 3);
  });

  it('listens again after its connection was cut, and says so', async () => {
    await cutConnections();

    await until(() => reconnects === 1);
    await notify(database.prisma, { topic: 'config', ids: ['after'] });
    await until(() => heard.length === 1);
  });

  it('closes while it is reconnecting', async () => {
    const name = new URL(testDatabase.url).pathname.slice(1);
    const elsewhere = new URL(testDatabase.url);
    elsewhere.pathname = '/postgres';
    const admin = new Client({ connectionString: elsewhere.href });
    await admin.connect();
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await cutConnections();

    await feed.close();

    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await admin.end();
    expect(reconnects).toBe(0);
  });

  it('rejects when it cannot listen at first', async () => {
    const listening = listenForChanges({
      url: 'postgresql://nobody@127.0.0.1:1/none',
      onChange: () => undefined,
      onReconnect: () => undefined,
    });

    await expect(listening).rejects.toThrow(/ECONNREFUSED/);
  });
});
