import { openDatabase, receiverBeatStore, type Database } from '@trawling/database';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { startReceiverBeat } from './receiver-beat.js';

describe('the clock of the receivers', () => {
  let testDatabase: TestDatabase;
  let db: Database;
  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    db = await openDatabase({ url: testDatabase.roleUrl('trawling_sync_adapter'), poolSize: 2 });
  });
  afterAll(async () => {
    await db.close();
    await testDatabase.close();
  });
  beforeEach(() => db.pool.query(`INSERT INTO receiver_beat (kind, last_alive_at) VALUES ('sync-adapter', now()) ON CONFLICT (kind)
    DO UPDATE SET last_alive_at = now(), gap_started_at = NULL, gap_ended_at = NULL`));

  const store = () => receiverBeatStore(db.pool);
  const silentFor = (seconds: number) => db.pool.query('UPDATE receiver_beat SET last_alive_at = now() - make_interval(secs => $1)', [seconds]);
  async function row() {
    const { rows } = await db.pool.query<{ alive: number; started: number | null; ended: number | null }>(`
      SELECT extract(epoch FROM now() - last_alive_at)::float8 AS alive, extract(epoch FROM now() - gap_started_at)::float8 AS started,
        extract(epoch FROM now() - gap_ended_at)::float8 AS ended FROM receiver_beat`);
    return rows[0];
  }

  it('moves with each beat, whichever replica it is of', async () => {
    await silentFor(15);
    await Promise.all([store().beatAsReceiver('sync-adapter'), store().beatAsReceiver('sync-adapter')]);
    expect(await row()).toMatchObject({ started: null, ended: null });
    expect((await row())?.alive).toBeLessThan(15);
  });

  it('keeps when a silence of all of them began and ended', async () => {
    await silentFor(300);
    await store().beatAsReceiver('sync-adapter');
    await store().beatAsReceiver('sync-adapter');

    const gap = await row();
    expect(gap?.started).toBeGreaterThanOrEqual(300);
    expect(gap?.ended).toBeLessThan(300);
  });

  it('is shown to control planes of the release before, or they and new ones would contradict each other about silent bots', async () => {
    await silentFor(300);
    await store().beatAsReceiver('sync-adapter');
    await store().beatAsReceiver('sync-adapter');

    const columns = 'last_alive_at, gap_started_at, gap_ended_at';
    const { rows: before } = await db.pool.query(`SELECT ${columns} FROM receiver_clock`);
    expect(before).toEqual((await db.pool.query(`SELECT ${columns} FROM receiver_beat WHERE kind = 'sync-adapter'`)).rows);
    expect(before).toMatchObject([{ gap_started_at: expect.any(Date), gap_ended_at: expect.any(Date) }]);
  });

  it('goes on when the database’s clock was set back, so that the next silence is noticed', async () => {
    await db.pool.query(`UPDATE receiver_beat SET last_alive_at = now() + interval '1 day', gap_started_at = now() + interval '23 hours', gap_ended_at = now() + interval '24 hours'`);
    await store().beatAsReceiver('sync-adapter');
    expect(Math.abs((await row())?.alive ?? NaN)).toBeLessThan(10);
    expect(await row()).toMatchObject({ started: null, ended: null });

    await silentFor(300);
    await store().beatAsReceiver('sync-adapter');

    expect((await row())?.started).toBeGreaterThanOrEqual(300);
  });

  it('is beaten at once and then every five seconds, also after a beat that failed', async () => {
    const clock = createFakeClock();
    let beats = 0;
    const stop = startReceiverBeat({
      beatAsReceiver: async () => {
        beats += 1;
        if (beats === 2) throw new Error('the database is away');
      },
      clock,
      logger: createMemoryLogger().logger,
    });

    await until(() => clock.sleeping() === 1);
    expect(beats).toBe(1);
    await clock.advance(10_000);
    expect(beats).toBe(3);
    await stop();
    await clock.advance(60_000);
    expect(beats).toBe(3);
  });
});
