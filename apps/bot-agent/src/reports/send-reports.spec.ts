import { type BatchResult, type BotEvent } from '@trawling/contracts';
import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { SyncError } from '../sync/sync-error.js';
import { payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { serverClockOn } from '../testing/test-clocks.js';
import { createReporter } from './reporter.js';
import { openReportSpools } from './report-spools.js';
import { createReportSender } from './send-reports.js';

const folder = temporaryFolder();
const { logger } = createMemoryLogger();

const refused = (status: number, code = 'invalid-request') => new SyncError({ kind: 'refused', status, code, issues: [] }, `no: ${code}`);
const busy = (retryAfterMs: number) => new SyncError({ kind: 'busy', code: 'rate-limited', retryAfterMs }, 'slower');

describe('sending reports', () => {
  type Answer = (call: string, items: unknown[]) => SyncError | BatchResult['rejected'] | null;

  /** A reporter with its spools on the disk, and a sync-adapter that answers as it is told. */
  async function setUp(answer: Answer = () => null) {
    const paths = machinePaths(folder.path());
    for (const dir of paths.dirs) await realHost.ensureDir(dir);
    const clock = createFakeClock();
    const serverClock = await serverClockOn(paths.serverClock, clock);
    const queue = await openReportSpools(realHost, paths);
    const reporter = createReporter({ queue, serverClock, onReport: () => undefined });
    const sent: { call: string; items: unknown[] }[] = [];
    const post = (call: string) => async (items: unknown[]): Promise<BatchResult> => {
      const said = answer(call, items);
      if (said instanceof SyncError) throw said;
      sent.push({ call, items });
      return { accepted: items.length, duplicates: 0, rejected: said ?? [] };
    };
    const client = {
      ack: async (ack: unknown) => void (await post('ack')([ack])),
      cronResults: post('cronResults'), events: post('events'), metrics: post('metrics'),
    };
    const send = createReportSender({ reporter, client, serverClock, logger, clock });
    const pending = () => queue.status().pending;
    const events = () => sent.filter(({ call }) => call === 'events').flatMap(({ items }) => items as BotEvent[]);
    return { reporter, queue, send, sent, pending, events, clock, serverClock };
  }

  it('sends verdicts first and empties the spools', async () => {
    const { reporter, send, sent, pending } = await setUp();
    await reporter.metric('agent.rss_bytes', 1);
    await reporter.event('thing', 'info', 'happened');
    await reporter.ack(payloadWith(), 'applied');

    await send();

    expect(sent.map(({ call }) => call)).toEqual(['ack', 'events', 'metrics']);
    expect(pending()).toBe(0);
  });

  it('keeps everything when the sync-adapter cannot be reached', async () => {
    const { reporter, send, pending } = await setUp(() => new SyncError({ kind: 'unreachable' }, 'away'));
    await reporter.ack(payloadWith(), 'applied');

    await expect(send()).rejects.toThrow('away');

    expect(pending()).toBe(1);
  });

  it('keeps everything when the sync-adapter refuses for a reason that is not in the reports', async () => {
    const { reporter, send, pending } = await setUp(() => refused(404, 'bot-not-found'));
    await reporter.event('thing', 'info', 'happened');

    await expect(send()).rejects.toThrow('bot-not-found');

    expect(pending()).toBe(1);
  });

  it('drops a verdict that is refused for good, and goes on with the rest', async () => {
    const { reporter, send, sent } = await setUp((call) => (call === 'ack' ? refused(409, 'hash-mismatch') : null));
    await reporter.ack(payloadWith(), 'failed', { code: 'x', message: 'y' });
    await reporter.event('thing', 'info', 'happened');

    await send();

    expect(sent.map(({ call }) => call)).toEqual(['events']);
  });

  it('drops a verdict on a version that the server does not know, as after a restore of an older dump, and goes on with later ones', async () => {
    const unknown = (items: unknown[]) => JSON.stringify(items).includes('"version":"7"');
    const { reporter, send, sent, pending, queue } = await setUp((call, items) => (call === 'ack' && unknown(items) ? refused(404, 'version-not-found') : null));
    await reporter.ack(payloadWith({}, { version: 7 }), 'applied');
    await reporter.ack(payloadWith({}, { version: 5 }), 'applied');
    await reporter.event('thing', 'info', 'happened');

    await send();

    expect(sent.slice(0, 2)).toMatchObject([{ call: 'ack', items: [{ version: '5' }] }, { call: 'events' }]);
    expect(queue.status()).toMatchObject({ dropped_events: 1 });
    await send();
    expect(pending()).toBe(0);
  });

  it('makes batches smaller until they are taken, and larger again', async () => {
    const { reporter, send, sent, pending } = await setUp((call, items) => (call === 'metrics' && items.length > 30 ? refused(413, 'payload-too-large') : null));
    for (let n = 0; n < 200; n += 1) await reporter.metric('n', n);

    await send();

    const sizes = sent.map(({ items }) => items.length);
    expect(pending()).toBe(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200);
    expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(12);
  });

  it('finds the one report that a whole batch is refused for, and drops it alone', async () => {
    const isBad = (one: unknown) => JSON.stringify(one).includes('"bad"');
    const { reporter, send, queue, events } = await setUp((call, items) => (call === 'events' && items.some(isBad) ? refused(400) : null));
    for (let n = 0; n < 50; n += 1) await reporter.event('thing', 'info', n === 17 ? 'bad' : `good ${n}`);

    await send();

    expect(events().filter(({ type }) => type === 'thing')).toHaveLength(49);
    expect(queue.status()).toMatchObject({ dropped_events: 1 });
  });

  it('never sends a rejected report again, counts it and tells why once', async () => {
    const { reporter, send, sent, events, queue } = await setUp((call) => (call === 'metrics' ? [{ index: 0, reason: 'timestamp: is no time' }] : null));
    await reporter.metric('n', 1);
    await reporter.metric('n', 2);

    await send();
    await send();

    expect(sent.filter(({ call }) => call === 'metrics')).toHaveLength(1);
    expect(queue.status()).toEqual({ pending: 0, dropped_metrics: 1, dropped_events: 0 });
    expect(events()).toMatchObject([{ type: 'reports_dropped', data: { metrics: 1, events: 0, reasons: ['metrics: timestamp: is no time'] } }]);
  });

  it('counts dropped reports as told only once the event that tells of them is written', async () => {
    const { reporter, queue, clock, serverClock } = await setUp();
    queue.countDropped('metrics', 3, 'there was no room');
    const nobody = () => Promise.reject(new Error('nothing waits'));
    const client = { ack: nobody, cronResults: nobody, events: nobody, metrics: nobody };
    const killed = { queue, event: () => Promise.reject(new Error('killed')) };

    await expect(createReportSender({ reporter: killed, client, serverClock, logger, clock })()).rejects.toThrow('killed');

    expect(queue.untold()).toMatchObject({ metrics: 3, reasons: ['metrics: there was no room'] });
    await createReportSender({ reporter, client, serverClock, logger, clock })();
    expect(queue.untold()).toMatchObject({ metrics: 0, reasons: [] });
  });

  it('does not run in circles when the event that tells of rejections is rejected, too', async () => {
    const { reporter, send, sent, clock } = await setUp((call) => (call === 'events' ? [{ index: 0, reason: 'no' }] : null));
    await reporter.event('thing', 'info', 'happened');

    for (let n = 0; n < 20; n += 1) await send();
    expect(sent).toHaveLength(2);
    await clock.advance(61_000);
    for (let n = 0; n < 20; n += 1) await send();

    expect(sent).toHaveLength(3);
  });

  it('does not let a kind that is asked to wait hold up the others, and waits as long as the longest asks', async () => {
    const { reporter, send, sent } = await setUp((call) => (call === 'ack' ? busy(1_000) : call === 'events' ? busy(9_000) : null));
    await reporter.ack(payloadWith(), 'applied');
    await reporter.event('thing', 'info', 'happened');
    await reporter.metric('n', 1);

    await expect(send()).rejects.toMatchObject({ failure: { retryAfterMs: 9_000 } });

    expect(sent.map(({ call }) => call)).toEqual(['metrics']);
  });

  it('sends again what was sent when the answer was lost, with the same id and time', async () => {
    const bodies: string[] = [];
    const { reporter, send, serverClock } = await setUp((_call, items) => {
      bodies.push(JSON.stringify(items));
      return bodies.length === 1 ? new SyncError({ kind: 'unreachable' }, 'answer lost') : null;
    });
    await reporter.metric('n', 1);
    await serverClock.heard({ serverTime: '2026-11-02T00:00:00.000Z', sentMs: 0, receivedMs: 0 });
    await expect(send()).rejects.toThrow('answer lost');
    await serverClock.heard({ serverTime: '2026-11-02T00:00:05.000Z', sentMs: 0, receivedMs: 0 });
    await send();

    expect(bodies[1]).toBe(bodies[0]);
  });

  it('corrects the time of what was spooled before the server’s time was known', async () => {
    const { reporter, send, events, serverClock, clock } = await setUp();
    await reporter.event('early', 'info', 'made by a clock that is a day behind');
    await clock.advance(5_000);

    await serverClock.heard({ serverTime: '2026-11-02T00:00:05.000Z', sentMs: 5_000, receivedMs: 5_000 });
    await send();

    expect(events()).toMatchObject([{ type: 'early', timestamp: '2026-11-02T00:00:00.000Z' }]);
  });
});
