import { EventList, MetricBuckets, MetricList } from '@trawling/contracts';
import { uuid7 } from '@trawling/runtime';
import { makeBot } from '../testing/bots.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('owner', 'alice');
  botId = await makeBot(api);
});

const minute = (n: number): Date => new Date(Date.UTC(2026, 0, 1, 0, n));

describe('reading back what a bot reported', () => {
  it('shows its events newest first, page by page, by type', async () => {
    const { prisma } = controlPlane().owner;
    for (let n = 0; n < 5; n += 1) {
      const type = n % 2 === 0 ? 'cron_result' : 'started';
      const event = { botId, id: uuid7(), type, severity: 'info', message: `m${n}`, data: { n }, timestamp: minute(n) };
      await prisma.botEvent.create({ data: { ...event, receivedAt: minute(Math.min(n, 3)) } });
    }

    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page = EventList.parse((await api.get(`/bots/${botId}/events?limit=2${cursor && `&cursor=${cursor}`}`)).body);
      seen.push(...page.events.map((event) => event.message));
      cursor = page.next_cursor;
    }
    expect(seen).toEqual(['m4', 'm3', 'm2', 'm1', 'm0']);
    const results = EventList.parse((await api.get(`/bots/${botId}/events?type=cron_result`)).body).events;
    expect(results.map((event) => event.data)).toEqual([{ n: 4 }, { n: 2 }, { n: 0 }]);
  });

  it('shows its metrics newest first, page by page, by name and since when', async () => {
    const { prisma } = controlPlane().owner;
    for (let n = 0; n < 4; n += 1) {
      for (const name of ['pnl_usd', 'open_positions']) {
        await prisma.$executeRaw`INSERT INTO metrics.bot_metric VALUES (${botId}::uuid, ${name}, ${minute(n)}, sha256('x'), '{"venue":"sim"}', ${n + 0.5})`;
      }
    }

    const first = MetricList.parse((await api.get(`/bots/${botId}/metrics?limit=3`)).body);
    const second = MetricList.parse((await api.get(`/bots/${botId}/metrics?limit=500&cursor=${first.next_cursor}`)).body);
    const some = MetricList.parse((await api.get(`/bots/${botId}/metrics?name=pnl_usd&since=2026-01-01T00:02:00.000Z`)).body);

    expect([...first.metrics, ...second.metrics].map((point) => `${point.name}@${point.timestamp.slice(14, 16)}`)).toEqual(
      ['03', '02', '01', '00'].flatMap((at) => [`pnl_usd@${at}`, `open_positions@${at}`]),
    );
    expect(some.metrics).toEqual([
      { name: 'pnl_usd', timestamp: '2026-01-01T00:03:00.000Z', value: 3.5, labels: { venue: 'sim' } },
      { name: 'pnl_usd', timestamp: '2026-01-01T00:02:00.000Z', value: 2.5, labels: { venue: 'sim' } },
    ]);
  });

  describe('in buckets', () => {
    const insert = (name: string, at: Date, value: number, venue = 'sim') =>
      controlPlane().owner.prisma.$executeRaw`
        INSERT INTO metrics.bot_metric VALUES (${botId}::uuid, ${name}, ${at}, sha256(${Buffer.from(venue)}), jsonb_build_object('venue', ${venue}::text), ${value})`;
    const read = async (query: string) => MetricBuckets.parse((await api.get(`/bots/${botId}/metrics?${query}`)).body);

    it('shows average, extremes, newest value and count of each, newest first', async () => {
      for (const [n, value] of [[0, 1], [4, 3], [5, 10], [11, 7]] as const) await insert('equity', minute(n), value);
      await insert('other', minute(0), 99);

      const { buckets } = await read('name=equity&since=2026-01-01T00:00:00Z&until=2026-01-02T00:00:00Z&resolution=5m');

      const labels = { venue: 'sim' };
      expect(buckets).toEqual([
        { timestamp: '2026-01-01T00:10:00.000Z', labels, avg: 7, min: 7, max: 7, last: 7, count: 1 },
        { timestamp: '2026-01-01T00:05:00.000Z', labels, avg: 10, min: 10, max: 10, last: 10, count: 1 },
        { timestamp: '2026-01-01T00:00:00.000Z', labels, avg: 2, min: 1, max: 3, last: 3, count: 2 },
      ]);
    });

    it('keeps each set of labels a series of its own, and goes on from page to page', async () => {
      for (let n = 0; n < 3; n += 1) {
        for (const venue of ['a', 'b']) await insert('equity', minute(n), n, venue);
      }

      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Awaited<ReturnType<typeof read>> = await read(
          `name=equity&since=2026-01-01T00:00:00Z&until=2026-01-01T01:00:00Z&resolution=1m&limit=2${cursor && `&cursor=${cursor}`}`);
        seen.push(...page.buckets.map((bucket) => `${bucket.timestamp.slice(14, 16)}${bucket.labels['venue']}`));
        cursor = page.next_cursor;
      }
      expect(seen.map((one) => one.slice(0, 2))).toEqual(['02', '02', '01', '01', '00', '00']);
      expect(new Set(seen).size).toBe(6);
    });

    it('starts the days at midnight UTC and ends before `until`', async () => {
      await insert('equity', new Date('2026-01-01T23:59:59.999Z'), 1);
      await insert('equity', new Date('2026-01-02T00:00:00.000Z'), 2);
      await insert('equity', new Date('2026-01-03T00:00:00.000Z'), 3);

      const { buckets } = await read('name=equity&since=2026-01-01T00:00:00Z&until=2026-01-03T00:00:00Z&resolution=1d');

      expect(buckets.map((bucket) => [bucket.timestamp, bucket.last])).toEqual([['2026-01-02T00:00:00.000Z', 2], ['2026-01-01T00:00:00.000Z', 1]]);
    });

    it('copes with numbers whose sum no double holds', async () => {
      for (const [n, value] of [[0, 1.7e308], [1, -1.7e308], [2, 1.6e308]] as const) await insert('wild', minute(n), value);

      const { buckets } = await read('name=wild&since=2026-01-01T00:00:00Z&until=2026-01-01T01:00:00Z&resolution=1h');

      expect(buckets).toMatchObject([{ min: -1.7e308, max: 1.7e308, last: 1.6e308, count: 3 }]);
    });

    it.each([
      ['no name', 'since=2026-01-01T00:00:00Z&resolution=1h', 'query.name'],
      ['no start', 'name=equity&resolution=1h', 'query.since'],
      ['more buckets than anybody draws', 'name=equity&since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z&resolution=1m', 'query.since'],
      ['a width nobody offers', 'name=equity&since=2026-01-01T00:00:00Z&resolution=2h', 'query.resolution'],
    ])('are refused with %s', async (_what, query, path) => {
      expect((await api.get(`/bots/${botId}/metrics?${query}`)).body).toMatchObject({ status: 400, code: 'invalid-request', issues: [{ path }] });
    });
  });

  it('pages on after a metric with the longest name', async () => {
    const { prisma } = controlPlane().owner;
    const name = 'n'.repeat(100);
    for (const n of [10, 11]) await prisma.$executeRaw`INSERT INTO metrics.bot_metric VALUES (${botId}::uuid, ${name}, ${minute(n)}, sha256('x'), '{}', ${n})`;

    const first = MetricList.parse((await api.get(`/bots/${botId}/metrics?name=${name}&limit=1`)).body);
    const second = MetricList.parse((await api.get(`/bots/${botId}/metrics?name=${name}&limit=1&cursor=${first.next_cursor}`)).body);

    expect([...first.metrics, ...second.metrics].map(({ value }) => value)).toEqual([11, 10]);
  });

  it.each(['events?cursor=x', 'metrics?cursor=x', 'metrics?since=yesterday', 'events?limit=0'])('refuses %s', async (path) => {
    expect((await api.get(`/bots/${botId}/${path}`)).body).toMatchObject({ status: 400, code: 'invalid-request' });
  });
});
