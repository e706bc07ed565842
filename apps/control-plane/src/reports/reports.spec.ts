import { EventList, MetricList } from '@trawling/contracts';
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

  it.each(['events?cursor=x', 'metrics?cursor=x', 'metrics?since=yesterday', 'events?limit=0'])('refuses %s', async (path) => {
    expect((await api.get(`/bots/${botId}/${path}`)).body).toMatchObject({ status: 400, code: 'invalid-request' });
  });
});
