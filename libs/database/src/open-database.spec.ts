import { notify } from './change-feed/notify.js';
import { isDatabaseAway } from './is-database-away.js';
import { openDatabase, type Database } from './open-database.js';
import { type Transaction } from './prisma.js';
import { createTestDatabase, type TestDatabase } from './testing/index.js';

describe('openDatabase', () => {
  let testDatabase: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url, poolSize: 3 });
  });
  afterAll(async () => {
    await database.close();
    await testDatabase.close();
  });

  const addKey = (kid: string) => ({ data: { kid, purpose: 'signing', publicJwk: {}, privateKey: 'wrapped' } });

  it('keeps nothing of a transaction that fails', async () => {
    const failing = database.transaction(async (tx) => {
      await tx.controlPlaneKey.create(addKey('lost'));
      throw new Error('changed my mind');
    });

    await expect(failing).rejects.toThrow('changed my mind');
    expect(await database.prisma.controlPlaneKey.count()).toBe(0);
  });

  it('lets a statement that waited too long be told from a mistake, by Prisma as well', async () => {
    const tooLong = (run: (tx: Transaction) => Promise<unknown>) =>
      database.transaction(async (tx) => {
        await tx.$executeRaw`SET LOCAL statement_timeout = 50`;
        return run(tx);
      }).catch((error: unknown) => error);
    await database.prisma.controlPlaneKey.create(addKey('locked'));
    const holder = await database.pool.connect();
    await holder.query(`BEGIN; UPDATE control_plane_key SET private_key = 'mine' WHERE kid = 'locked'`);

    const byModel = await tooLong((tx) => tx.controlPlaneKey.updateMany({ where: { kid: 'locked' }, data: { privateKey: 'theirs' } }));
    const byStatement = await tooLong((tx) => tx.$queryRaw`SELECT kid FROM control_plane_key WHERE kid = 'locked' FOR UPDATE`);
    await holder.query('ROLLBACK');
    holder.release();
    await database.prisma.controlPlaneKey.deleteMany({ where: { kid: 'locked' } });

    expect([byModel, byStatement].map(isDatabaseAway)).toEqual([true, true]);
  });

  it('gives Prisma and pg the same database', async () => {
    await database.prisma.controlPlaneKey.create(addKey('kept'));

    const { rows } = await database.pool.query('SELECT kid FROM control_plane_key');

    expect(rows).toEqual([{ kid: 'kept' }]);
  });

  it('notifies through pg as well as through Prisma', async () => {
    await notify(database.pool, { topic: 'config', ids: [] });
    await notify(database.prisma, { topic: 'config', ids: null });
  });

  it('refuses to open a database that does not answer', async () => {
    await expect(openDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none' })).rejects.toThrow(/ECONNREFUSED/);
  });

  it('survives connections that are cut while idle', async () => {
    await database.pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()');

    await expect(database.pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
  });

  it('survives a connection that is cut between two statements of a transaction: the next one fails', async () => {
    const client = await database.pool.connect();
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const broken = new Promise((resolve) => client.once('end', () => resolve(true)));

      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);

      await expect(broken).resolves.toBe(true);
      await expect(client.query('COMMIT')).rejects.toThrow();
    } finally {
      client.release();
    }
    await expect(database.pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] });
  });
});
