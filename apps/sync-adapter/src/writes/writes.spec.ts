import { openDatabase, type Database, type EventRow, type HeartbeatRow, type Queryable } from '@trawling/database';
import { createTestDatabase, metricsOf, type TestDatabase } from '@trawling/database/testing';
import { uuid7 } from '@trawling/runtime';
import { createMemoryLogger, until } from '@trawling/runtime/testing';
import { openWrites, type Writes } from './open-writes.js';

const FIFTY = Array.from({ length: 50 }, (_, index) => index);

/** The group commits over a real Postgres under the sync-adapter's own role: what they do to each other's bots. */
describe('reports that share a commit', () => {
  let testDatabase: TestDatabase;
  let owner: Database;
  const open: { writes: Writes; db: Database }[] = [];

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    owner = await openDatabase({ url: testDatabase.url, poolSize: 3 });
  });
  afterEach(async () => {
    for (const { writes, db } of open.splice(0)) {
      await writes.close();
      await db.close();
    }
  });
  afterAll(async () => {
    await owner.close();
    await testDatabase.close();
  });

  /** One replica, and how many statements it sent. */
  async function replica() {
    const db = await openDatabase({ url: testDatabase.roleUrl('trawling_sync_adapter'), poolSize: 6, logger: createMemoryLogger().logger });
    let statements = 0;
    const counted: Queryable = {
      query: (query) => {
        statements += 1;
        return db.pool.query(query);
      },
    };
    const log = createMemoryLogger();
    const writes = openWrites(counted, log.logger);
    open.push({ writes, db });
    return { ...writes, statements: () => statements, log };
  }

  const beat = (change: Partial<HeartbeatRow> = {}): HeartbeatRow => ({
    botId: uuid7(), generation: 1, bootId: uuid7(), sequence: 1, status: { health: { status: 'healthy' } },
    appliedVersion: null, appliedHash: null, lastSeenVersion: null, highestVersion: null, leaseSeconds: 100, ...change,
  });
  const event = (change: Partial<EventRow> = {}): EventRow => ({
    id: uuid7(), type: 'test', severity: 'info', message: 'x', data: '{}', timestamp: new Date(), source: 'bot', ...change,
  });
  const metric = (change: object = {}) => ({
    name: 'equity.usd', timestamp: new Date().toISOString(), labels: '{}', labelsHash: `sha256:${'0'.repeat(64)}`, value: 1, ...change,
  });
  const reported = (botId: string) => owner.prisma.botReported.findUnique({ where: { botId } });

  it('of fifty bots are one statement', async () => {
    const { saveHeartbeat, saveMetrics, saveEvents, statements } = await replica();

    await Promise.all(FIFTY.map(() => saveHeartbeat(beat())));
    expect(statements()).toBe(1);
    await Promise.all(FIFTY.map(() => saveMetrics(uuid7(), FIFTY.slice(0, 10).map((value) => metric({ name: `n${value}` })))));
    expect(statements()).toBe(2);
    await Promise.all(FIFTY.map(() => saveEvents(uuid7(), [event()])));
    expect(statements()).toBe(3);
  });

  it.each([
    ['a NUL byte in its JSON', { status: { note: 'a\u0000b' } }],
    ['half a surrogate pair', { status: { note: '\ud800' } }],
    ['a sequence beyond every number', { sequence: 1e19 }],
    ['an id that is none', { botId: 'ffffffff-not-an-id' }],
    ['a NUL byte where text is expected', { appliedHash: 'a\u0000b', appliedVersion: 1 }],
  ])('fail for a bot alone that sends a heartbeat with %s', async (_case, bad) => {
    const { saveHeartbeat } = await replica();
    const good = FIFTY.map(() => beat());

    const refused = expect(saveHeartbeat(beat(bad))).rejects.toThrow('the database does not keep this');
    await Promise.all(good.map(saveHeartbeat));

    await refused;
    expect(await owner.prisma.botReported.count({ where: { botId: { in: good.map(({ botId }) => botId) } } })).toBe(50);
  });

  it('name the row that Postgres would not keep, and keep the rest of that bot as well', async () => {
    const { saveEvents, saveMetrics } = await replica();
    const [botId, other] = [uuid7(), uuid7()];

    const [events, metrics, neighbour] = await Promise.all([
      saveEvents(botId, [event(), event({ message: 'a\u0000b' }), event(), event({ data: JSON.stringify({ x: '\ud800' }) }), event()]),
      saveMetrics(botId, [metric({ name: 'a' }), metric({ name: 'b\u0000' }), metric({ name: 'c', timestamp: '+275760-09-13T00:00:00.000Z' })]),
      saveEvents(other, [event()]),
    ]);

    expect(events).toEqual({ added: 3, refused: [1, 3] });
    expect(metrics.refused).toContain(1);
    expect(neighbour).toEqual({ added: 1, refused: [] });
    expect(await owner.prisma.botEvent.count({ where: { botId } })).toBe(3);
  });

  it('are counted for each bot by itself when some were sent before', async () => {
    const { saveMetrics } = await replica();
    const [known, fresh] = [uuid7(), uuid7()];
    const points = [metric({ name: 'a' }), metric({ name: 'b' })];
    await saveMetrics(known, points);

    const [again, first] = await Promise.all([saveMetrics(known, [...points, metric({ name: 'c' })]), saveMetrics(fresh, [...points, ...points])]);

    expect([again.added, first.added]).toEqual([1, 2]);
    expect(await metricsOf(owner.prisma, fresh)).toHaveLength(2);
  });

  it('keep the newest of two heartbeats of one boot, in whatever order they came', async () => {
    const { saveHeartbeat } = await replica();
    const first = beat({ sequence: 5 });
    await Promise.all([first, { ...first, sequence: 7 }, { ...first, sequence: 6 }].map(saveHeartbeat));
    expect(await reported(first.botId)).toMatchObject({ sequence: 7n });
  });

  it('see each boot of one bot by itself, also within one wait', async () => {
    const { saveHeartbeat } = await replica();
    const first = beat();
    const copy = { ...first, bootId: uuid7() };

    const verdicts = await Promise.all([first, copy, { ...first, sequence: 2 }].map(saveHeartbeat));

    expect(verdicts.map((verdict) => verdict.isDuplicateIdentity)).toEqual([false, false, true]);
  });

  it('of two replicas over the same bots go through side by side', async () => {
    const replicas = [await replica(), await replica()];
    const bots = FIFTY.map(() => beat());
    const points = FIFTY.map((value) => metric({ name: `n${value}` }));

    for (let round = 1; round <= 20; round++) {
      await Promise.all(
        replicas.flatMap(({ saveHeartbeat, saveMetrics }, index) => {
          const order = index === 0 ? bots : [...bots].reverse();
          const list = index === 0 ? points : [...points].reverse();
          return order.flatMap((row) => [saveHeartbeat({ ...row, sequence: round }), saveMetrics(row.botId, list.slice(round, round + 5))]);
        }),
      );
    }

    expect(replicas.map(({ log }) => log.lines())).toEqual([[], []]);
    expect(await owner.prisma.botReported.count({ where: { botId: { in: bots.map(({ botId }) => botId) }, sequence: 20 } })).toBe(50);
  });

  it('answer nobody that they are stored when the connection is killed in the middle, and go through when sent again', async () => {
    const { saveHeartbeat } = await replica();
    const first = beat();
    const second = beat();
    await saveHeartbeat(first);
    const blocker = await owner.pool.connect();
    await blocker.query('BEGIN');
    await blocker.query('UPDATE bot_reported SET sequence = sequence WHERE bot_id = $1', [first.botId]);

    const next = [{ ...first, sequence: 2 }, second];
    const answers = Promise.allSettled(next.map(saveHeartbeat));
    await until(async () => {
      const { rowCount } = await owner.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%bot_reported%'`,
      );
      return rowCount;
    });

    for (const answer of await answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(await reported(second.botId)).toBeNull();
    await blocker.query('ROLLBACK');
    blocker.release();
    await Promise.all(next.map(saveHeartbeat));
    expect(await reported(first.botId)).toMatchObject({ sequence: 2n });
  });

  it('that wait when the replica stops are written, and nothing is taken after', async () => {
    const { saveEvents, saveHeartbeat, close } = await replica();
    const botId = uuid7();

    const waiting = saveEvents(botId, [event()]);
    const closed = close();

    await expect(saveHeartbeat(beat())).rejects.toMatchObject({ code: 'unavailable' });
    expect(await waiting).toEqual({ added: 1, refused: [] });
    await closed;
    expect(await owner.prisma.botEvent.count({ where: { botId } })).toBe(1);
  });
});
