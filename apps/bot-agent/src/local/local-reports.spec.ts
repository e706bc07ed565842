import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { type BotEvent, type MetricPoint } from '@trawling/contracts';
import { uuid7 } from '@trawling/runtime';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import axios from 'axios';
import { type Host, realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { openReportSpools } from '../reports/report-spools.js';
import { createReporter } from '../reports/reporter.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { serverClockOn } from '../testing/test-clocks.js';
import { acceptLocalReports, localEventId } from './accept-local-reports.js';
import { type LocalAddress } from './local-address.js';
import { openLocalReportServer } from './local-report-server.js';

const folder = temporaryFolder();
const { logger } = createMemoryLogger();
const DAY_MS = 86_400_000;
const NOW = '2026-11-21T08:00:00.000Z';

const TRADE = { kind: 'trade', symbol: 'BTC', side: 'buy', quantity: 0.5, price: 60_000 };

describe('the local report endpoint', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  async function setUp(over: { append?: Host['append']; wrongMs?: number } = {}) {
    const host: Host = { ...realHost, ...(over.append ? { append: over.append } : {}) };
    const paths = machinePaths(folder.path());
    for (const dir of paths.dirs) await realHost.ensureDir(dir);
    const truth = createFakeClock(NOW);
    const serverClock = await serverClockOn(paths.serverClock, truth, { wrongMs: () => over.wrongMs ?? 0 });
    const queue = await openReportSpools(host, paths);
    const reporter = createReporter({ queue, serverClock, onReport: () => undefined });
    const server = await openLocalReportServer({
      host, path: paths.localReports, randomBytes, clock: truth, logger,
      accept: (reports) => acceptLocalReports({ reporter, serverClock, configVersion: () => '7', newId: uuid7 }, reports),
    });
    closing.push(server.close);
    const address: LocalAddress = JSON.parse((await realHost.readText(paths.localReports)) ?? '');
    const post = (body: unknown, how: { headers?: Record<string, string>; url?: string; method?: string } = {}) =>
      axios.request({
        url: how.url ?? address.url, method: how.method ?? 'POST', data: typeof body === 'string' ? Buffer.from(body) : body, proxy: false, validateStatus: () => true,
        headers: { Authorization: `Bearer ${address.token}`, 'Content-Type': 'application/json', ...how.headers },
      });
    const events = (): BotEvent[] => queue.spools.events.peek({ items: 999 }).map(({ report }) => report);
    const metrics = (): MetricPoint[] => queue.spools.metrics.peek({ items: 999 }).map(({ report }) => report);
    const hear = () => serverClock.heard({ serverTime: truth.now().toISOString(), sentMs: truth.monotonicMs(), receivedMs: truth.monotonicMs() });
    return { server, address, post, events, metrics, truth, paths, hear };
  }

  it('makes an event of a trade, with the config version it was made under', async () => {
    const { post, events } = await setUp();

    const answer = await post({ ...TRADE, fee: 1.5, mode: 'live', data: { order: 'x-1' } });

    expect(answer.status).toBe(202);
    expect(answer.data).toEqual({ accepted: 1, event_ids: [events()[0]?.id] });
    expect(events()).toEqual([{
      id: expect.stringMatching(/^[0-9a-f-]{36}$/), type: 'trade', timestamp: NOW, severity: 'info', message: 'buy 0.5 BTC at 60000 (live)',
      data: { symbol: 'BTC', side: 'buy', quantity: 0.5, price: 60_000, fee: 1.5, mode: 'live', config_version: '7', data: { order: 'x-1' } },
    }]);
  });

  it('makes metrics of what the account is worth, and of any other number', async () => {
    const { post, metrics } = await setUp();

    await post([{ kind: 'equity', equity_usd: 1_000, cash_usd: 200, exposure_usd: 800 }, { kind: 'metric', name: 'slippage_bps', value: 3, labels: { venue: 'a' } }]);

    expect(metrics().map(({ name, value, labels }) => ({ name, value, labels }))).toEqual([
      { name: 'equity', value: 1_000, labels: {} }, { name: 'cash', value: 200, labels: {} }, { name: 'exposure', value: 800, labels: {} },
      { name: 'slippage_bps', value: 3, labels: { venue: 'a' } },
    ]);
  });

  it('makes an event of a note', async () => {
    const { post, events } = await setUp();
    await post({ kind: 'note', message: 'spread is wide', severity: 'warning' });
    expect(events()).toMatchObject([{ type: 'note', severity: 'warning', message: 'spread is wide', data: { config_version: '7' } }]);
  });

  it('has it on the disk when it answers', async () => {
    const { post, paths } = await setUp();
    const { data } = await post(TRADE);

    const afterCrash = await openReportSpools(realHost, paths);

    expect(afterCrash.spools.events.peek({ items: 9 }).map(({ report }) => report.id)).toEqual(data.event_ids);
  });

  it('makes one event of a trade that is said twice with its caller’s id, before and after it was sent', async () => {
    const { post, events } = await setUp();
    const first = await post({ ...TRADE, client_id: 'fill-1' });
    const second = await post([{ ...TRADE, client_id: 'fill-1' }, { ...TRADE, client_id: 'fill-1' }]);

    expect(second.data.event_ids).toEqual([first.data.event_ids[0], first.data.event_ids[0]]);
    expect(events()).toHaveLength(1);
    expect(localEventId('trade', 'fill-1')).toBe(first.data.event_ids[0]);
    expect(localEventId('note', 'fill-1')).not.toBe(first.data.event_ids[0]);
  });

  it('keeps points of one name apart that come in one request', async () => {
    const { post, metrics } = await setUp();
    await post([1, 2, 3].map((value) => ({ kind: 'metric', name: 'n', value })));
    expect(new Set(metrics().map(({ timestamp }) => timestamp)).size).toBe(3);
  });

  it.each([
    ['a kind it does not know', { kind: 'wish' }, 'kind'],
    ['a quantity that is none', { ...TRADE, quantity: -1 }, 'quantity'],
    ['no side', { ...TRADE, side: undefined }, 'side'],
    ['a field it does not know', { ...TRADE, colour: 'red' }, 'colour'],
    ['a NUL', { kind: 'note', message: 'a\0b' }, 'NUL'],
    ['half a surrogate pair', { kind: 'note', message: '\ud800' }, 'surrogate'],
    ['too much data', { ...TRADE, data: { text: 'x'.repeat(30_000) } }, 'data'],
    ['a metric of the agent itself', { kind: 'metric', name: 'agent.rss_bytes', value: 1 }, 'agent’s own'],
    ['too many labels', { kind: 'metric', name: 'n', value: 1, labels: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`l${n}`, 'x'])) }, 'labels'],
    ['a time in the future', { ...TRADE, at: '2026-11-22T08:00:00.000Z' }, 'future'],
    ['a time before there were bots', { ...TRADE, at: '1970-01-01T00:00:00.000Z' }, 'before there were bots'],
    ['an empty list', [], ''],
    ['more than a hundred', Array.from({ length: 101 }, () => TRADE), ''],
    ['nothing', null, ''],
  ])('refuses %s, says why, and keeps nothing of it', async (_what, body, why) => {
    const { post, events, hear } = await setUp();
    await hear();

    const { status, data } = await post(body);

    expect(status).toBe(400);
    expect(data.code).toBe('invalid-request');
    expect(JSON.stringify(data)).toContain(why);
    expect(events()).toEqual([]);
  });

  it('names the report of a list that is wrong, and takes none of them', async () => {
    const { post, events } = await setUp();

    const { data } = await post([TRADE, { ...TRADE, price: 'much' }]);

    expect(data.issues).toMatchObject([{ path: '1.price' }]);
    expect(events()).toEqual([]);
  });

  it('lets nobody in without the token, at one address, with one method and JSON of a bounded size', async () => {
    const { post, address } = await setUp();

    const answers = [
      await post(TRADE, { headers: { Authorization: 'Bearer wrong' } }),
      await post(TRADE, { url: address.url.replace('reports', 'other') }),
      await post(undefined, { method: 'GET' }),
      await post('{', {}),
      await post('x=1', { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
      await post({ ...TRADE, data: { x: 'x'.repeat(1_100_000) } }),
    ];

    expect(answers.map(({ status, data }) => `${status} ${data.code}`)).toEqual([
      '401 unauthenticated', '404 not-found', '405 method-not-allowed', '400 malformed-json', '415 unsupported-media-type', '413 payload-too-large',
    ]);
  });

  it('tells the token to nobody but this user, and keeps it and the port over a restart', async () => {
    const first = await setUp();
    expect((await stat(first.paths.localReports)).mode & 0o777).toBe(0o600);
    await first.server.close();

    const second = await setUp();

    expect(second.address).toEqual(first.address);
  });

  it('asks to try again when the disk does not take it', async () => {
    const { post, events } = await setUp({ append: () => Promise.reject(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })) });

    const { status, headers, data } = await post(TRADE);

    expect([status, data.code, headers['retry-after']]).toEqual([503, 'unavailable', '30']);
    expect(events()).toEqual([]);
  });

  it('slows down whoever says too much, and lets them go on later', async () => {
    const { post, truth } = await setUp();
    const many = Array.from({ length: 100 }, () => ({ kind: 'metric', name: 'n', value: 1 }));
    for (let n = 0; n < 10; n += 1) expect((await post(many)).status).toBe(202);

    const { status, headers } = await post(many);
    await truth.advance(11_000);

    expect([status, headers['retry-after']]).toEqual([429, '10']);
    expect((await post(many)).status).toBe(202);
  });

  describe.each([['behind', -DAY_MS], ['ahead', DAY_MS]])('on a machine whose clock is a day %s', (_how, wrongMs) => {
    it('stamps with the right time, translates a time by the machine’s clock, and leaves one that is right as it is', async () => {
      const { post, events, hear } = await setUp({ wrongMs });
      await hear();

      await post([
        TRADE,
        { ...TRADE, at: new Date(Date.parse(NOW) + wrongMs - 60_000).toISOString() },
        { ...TRADE, at: '2026-11-21T07:59:30.000Z' },
      ]);

      expect(events().map(({ timestamp }) => timestamp)).toEqual([NOW, '2026-11-21T07:59:00.000Z', '2026-11-21T07:59:30.000Z']);
    });
  });
});
