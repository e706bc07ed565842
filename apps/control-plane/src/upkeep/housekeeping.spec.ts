import { makeBot } from '../testing/bots.js';
import { openDatabase } from '@trawling/database';
import { type Api, type TestControlPlane, useControlPlane } from '../testing/open-test-control-plane.js';
import { forgetOldRecords, keepMetricPartitions, pruneEvents, pruneVersions } from './housekeeping.js';
import { createMemoryLogger } from '@trawling/runtime/testing';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('operator');
  botId = await makeBot(api, { owner_id: 'alice' });
});

const { logger } = createMemoryLogger();
/** Runs with the rights of the control plane. */
async function asControlPlane<T>(run: (deps: { transaction: TestControlPlane['owner']['transaction']; pool: TestControlPlane['owner']['pool']; logger: typeof logger }) => Promise<T>): Promise<T> {
  const database = await openDatabase({ url: controlPlane().controlPlaneUrl, poolSize: 2 });
  try {
    return await run({ transaction: database.transaction, pool: database.pool, logger });
  } finally {
    await database.close();
  }
}

describe('config versions', () => {
  const versions = async (of = botId) =>
    (await controlPlane().owner.prisma.configVersion.findMany({ where: { botId: of }, orderBy: { version: 'asc' } })).map(({ version }) => version);
  const change = async (times: number, of = botId): Promise<void> => {
    for (let n = 0; n < times; n += 1) await api.patch(`/bots/${of}`).send({ risk_caps: { max_trades_per_day: n + 1 } });
  };
  const prune = (configVersionsKept: number) => asControlPlane((deps) => pruneVersions({ ...deps, configVersionsKept }));
  const ack = (version: number, outcome: string) =>
    controlPlane().owner.prisma.configAck.create({ data: { botId, version, outcome, appliedAt: new Date() } });

  it('beyond the newest ones are deleted, with what belongs to them', async () => {
    await change(6);
    await ack(2, 'failed');

    await prune(3);

    expect(await versions()).toEqual([5, 6, 7]);
    expect((await controlPlane().owner.prisma.configSignature.findMany({ where: { botId } })).map(({ version }) => version).sort()).toEqual([5, 6, 7]);
    expect(await controlPlane().owner.prisma.configAck.count({ where: { botId } })).toBe(0);
    expect(await prune(3)).toBe(0);
  });

  it('that the bot runs, last ran well or should run stay, however old', async () => {
    await change(7);
    await ack(2, 'applied');
    await ack(4, 'applied');
    await ack(6, 'failed');
    await controlPlane().owner.prisma.botReported.create({ data: { botId, appliedVersion: 3 } });
    await controlPlane().owner.prisma.bot.update({ where: { id: botId }, data: { desiredVersion: 1 } });

    await prune(2);

    expect(await versions()).toEqual([1, 3, 4, 7, 8]);
  });

  it('of other bots are counted by themselves', async () => {
    const other = await makeBot(api, { owner_id: 'bob' });
    await change(3);
    await change(1, other);

    await prune(2);

    expect([await versions(), await versions(other)]).toEqual([[3, 4], [1, 2]]);
  });

  it('that are gone are not found, and say so', async () => {
    await change(3);
    await prune(2);

    const [one, diff, rollback] = [
      await api.get(`/bots/${botId}/versions/1`),
      await api.get(`/bots/${botId}/versions/1/diff/4`),
      await api.post(`/bots/${botId}/rollback`).send({ version: 1 }),
    ];

    for (const answer of [one, diff, rollback]) {
      expect(answer.body).toMatchObject({ status: 404, code: 'version-not-found', detail: expect.stringContaining('not kept for ever') });
    }
    expect((await api.get(`/bots/${botId}/versions/9`)).body.detail).not.toContain('not kept');
  });

  it('more than one batch of them are deleted in one go', async () => {
    await controlPlane().owner.pool.query(
      `INSERT INTO config_version SELECT bot_id, n, hash, payload, settings, paused, reason, created_by, issued_at
         FROM config_version, generate_series(2, 5203) AS n WHERE bot_id = $1 AND version = 1`, [botId]);
    await controlPlane().owner.prisma.bot.update({ where: { id: botId }, data: { desiredVersion: 5203 } });

    expect(await prune(50)).toBeGreaterThanOrEqual(5153);

    expect(await versions()).toHaveLength(50);
  });
});

describe('partitions of metrics', () => {
  const partitions = async (): Promise<string[]> => {
    const { rows } = await controlPlane().owner.pool.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'metrics.bot_metric'::regclass ORDER BY 1");
    return rows.map(({ name }) => name.replace('metrics.bot_metric_', ''));
  };
  const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const insert = (daysAgo: number, value: number) =>
    controlPlane().owner.pool.query(
      `INSERT INTO metrics.bot_metric (bot_id, name, timestamp, labels_hash, labels, value)
       VALUES ($1, 'equity', now() - make_interval(days => $2), '\\x00', '{}', $3)`, [botId, daysAgo, value]);

  it('are there a week ahead, and again when one was missing; what waited for it moves in', async () => {
    await controlPlane().owner.pool.query(`DROP TABLE metrics.bot_metric_${day(0)}`);
    await insert(0, 7);

    const done = await asControlPlane((deps) => keepMetricPartitions({ ...deps, metricsRetentionDays: 30 }));

    expect(done.made).toBe(1);
    expect(await partitions()).toEqual([...Array.from({ length: 9 }, (_, n) => day(n - 1)).sort(), 'default']);
    expect((await controlPlane().owner.pool.query(`SELECT value FROM metrics.bot_metric_${day(0)} WHERE bot_id = $1`, [botId])).rows).toEqual([{ value: 7 }]);
  });

  it('go whole when their time is over, with what is as old in the default one', async () => {
    await controlPlane().owner.pool.query("SELECT metrics.make_partitions((now() AT TIME ZONE 'UTC')::date - 12, (now() AT TIME ZONE 'UTC')::date - 8)");
    for (const daysAgo of [400, 11, 10, 2]) await insert(daysAgo, daysAgo);

    const done = await asControlPlane((deps) => keepMetricPartitions({ ...deps, metricsRetentionDays: 10 }));

    expect(done.dropped).toBe(2);
    const { rows } = await controlPlane().owner.pool.query('SELECT value FROM metrics.bot_metric WHERE bot_id = $1 ORDER BY value', [botId]);
    expect(rows).toEqual([{ value: 2 }, { value: 10 }]);
    await asControlPlane((deps) => keepMetricPartitions({ ...deps, metricsRetentionDays: 1 }));
  });

  it('are kept by one of several at a time', async () => {
    await controlPlane().owner.pool.query(`DROP TABLE metrics.bot_metric_${day(7)}`);

    const done = await Promise.all([1, 2, 3].map(() => asControlPlane((deps) => keepMetricPartitions({ ...deps, metricsRetentionDays: 30 }))));

    expect(done.map(({ made }) => made).sort()).toEqual([0, 0, 1]);
  });
});

describe('events', () => {
  it('of the routine go when they are old; what was traded, noted or is about security stays', async () => {
    const { pool } = controlPlane().owner;
    await pool.query(
      `INSERT INTO bot_event (bot_id, id, type, severity, message, data, timestamp, received_at)
       SELECT $1, gen_random_uuid(), type, 'info', '', '{}', now(), now() - make_interval(days => days)
       FROM unnest(ARRAY['cron_result', 'bot-offline', 'trade', 'note', 'security.config_refused']) AS type, unnest(ARRAY[9, 11]) AS days`, [botId]);

    const deleted = await asControlPlane((deps) => pruneEvents({ ...deps, routineEventsRetentionDays: 10 }));

    expect(deleted).toBe(2);
    const { rows } = await pool.query<{ type: string; n: number }>('SELECT type, count(*)::int AS n FROM bot_event WHERE bot_id = $1 GROUP BY type ORDER BY type', [botId]);
    expect(Object.fromEntries(rows.map(({ type, n }) => [type, n]))).toEqual({ 'bot-offline': 1, 'cron_result': 1, 'note': 2, 'security.config_refused': 2, 'trade': 2 });
  });
});

describe('records that served for a while', () => {
  it('are forgotten: told changes, answered requests, kept answers', async () => {
    const { pool } = controlPlane().owner;
    await api.post(`/bots/${botId}/pause`).set('Idempotency-Key', 'old');
    await pool.query("UPDATE idempotency_key SET created_at = now() - interval '25 hours' WHERE key = 'old'");
    await pool.query("UPDATE change_log SET at = now() - interval '2 hours'");
    const request = (table: string, extra: string) => pool.query(
      `INSERT INTO ${table} (id, bot_id, ${extra}, request, request_hash, created_at)
       SELECT gen_random_uuid(), $1, gen_random_uuid(), '{}', 'hash-' || days, now() - make_interval(days => days) FROM unnest(ARRAY[1, 31]) AS days`, [botId]);
    await request('enrollment_request', 'token_id');
    await request('credential_request', 'credential_id');

    await asControlPlane(forgetOldRecords);

    const count = async (sql: string) => (await pool.query(`SELECT count(*)::int AS n FROM ${sql}`)).rows[0].n;
    expect(await count("idempotency_key WHERE key = 'old'")).toBe(0);
    expect(await count("change_log WHERE at < now() - interval '1 hour'")).toBe(0);
    expect(await count("enrollment_request WHERE request_hash LIKE 'hash-%'")).toBe(1);
    expect(await count("credential_request WHERE request_hash LIKE 'hash-%'")).toBe(1);
  });
});
