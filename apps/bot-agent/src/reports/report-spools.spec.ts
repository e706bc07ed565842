import { type Host, realHost } from '../host.js';
import { machinePaths } from '../machine/machine-paths.js';
import { payloadWith } from '../testing/payloads.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { serverClockOn } from '../testing/test-clocks.js';
import { createFakeClock } from '@trawling/runtime/testing';
import { createReporter } from './reporter.js';
import { openReportSpools, type ReportSpools } from './report-spools.js';

const folder = temporaryFolder();
const text = 'x'.repeat(1_000);

describe('what waits on the disk for the sync-adapter', () => {
  const paths = () => machinePaths(folder.path());
  const opened: ReportSpools[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((queue) => queue.saved())));

  const open = async (room?: { bytes: number; items: number }, host: Host = realHost) => {
    for (const dir of paths().dirs) await realHost.ensureDir(dir);
    const queue = await openReportSpools(host, paths(), room);
    opened.push(queue);
    const reporter = createReporter({ queue, serverClock: await serverClockOn(paths().serverClock, createFakeClock()), onReport: () => undefined });
    return { queue, reporter, spools: queue.spools };
  };
  const dropped = ({ metrics, events }: { metrics: number; events: number }) => ({ metrics, events });

  it('gives up the oldest metrics first and verdicts never, when there is no more room', async () => {
    const { reporter, spools, queue } = await open({ bytes: 400_000, items: 1_000_000 });
    await reporter.ack(payloadWith(), 'applied');
    for (let n = 0; n < 100; n += 1) await reporter.event('thing', 'info', text);
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => reporter.metric('n', n, { text: 'y'.repeat(200) })));

    expect(spools.events.size()).toBe(100);
    expect(spools.acks.size()).toBe(1);
    const [oldest] = spools.metrics.peek({ items: 1 });
    expect(oldest?.report.value).toBeGreaterThan(0);
    expect(queue.status()).toMatchObject({ dropped_metrics: oldest?.report.value, dropped_events: 0 });
  });

  it('gives up the oldest events when there are no metrics any more, and keeps the newest', async () => {
    const { reporter, spools, queue } = await open({ bytes: 200_000, items: 1_000_000 });
    await reporter.metric('n', 1);

    for (let n = 0; n < 400; n += 1) await reporter.event('thing', 'info', text, { n });

    expect(spools.metrics.size()).toBe(0);
    const { pending, dropped_events } = queue.status();
    expect(pending + dropped_events).toBe(400);
    expect(spools.events.peek({ items: 1 })[0]?.report.data).toEqual({ n: dropped_events });
  });

  it('is bounded in number, too', async () => {
    const { reporter, queue } = await open({ bytes: 1e9, items: 50 });

    for (let n = 0; n < 120; n += 1) await reporter.metric('n', n);

    const { pending, dropped_metrics } = queue.status();
    expect(pending).toBeLessThanOrEqual(50);
    expect(pending + dropped_metrics).toBe(120);
  });

  it('knows over restarts how many it gave up, and of how many nobody was told', async () => {
    const first = await open({ bytes: 1e9, items: 1 });
    await first.reporter.event('one', 'info', 'one');
    await first.reporter.event('two', 'info', 'two');
    first.queue.countDropped('metrics', 3, 'why');
    await first.queue.untold().told();
    first.queue.countDropped('metrics', 2, 'why');
    await first.queue.saved();

    const { queue } = await open();

    expect(queue.status()).toMatchObject({ dropped_metrics: 5, dropped_events: first.queue.status().dropped_events });
    expect(dropped(queue.untold())).toEqual({ metrics: 2, events: 0 });
  });

  describe('when the disk is full', () => {
    /** A disk with so much room for the spools; what is removed frees it. */
    const fullDisk = (roomBytes: number): Host => {
      const written = new Map<string, number>();
      return {
        ...realHost,
        append: async (path, line) => {
          const used = [...written.values()].reduce((sum, size) => sum + size, 0);
          if (used + line.length > roomBytes) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
          await realHost.append(path, line);
          written.set(path, (written.get(path) ?? 0) + line.length);
        },
        remove: async (path) => {
          written.delete(path);
          await realHost.remove(path);
        },
      };
    };

    it('lets metrics give way for an event', async () => {
      const { reporter, spools, queue } = await open(undefined, fullDisk(20_000));
      for (let n = 0; n < 200; n += 1) await reporter.metric('n', n);

      await reporter.event('thing', 'error', text);

      expect(spools.events.unwritten()).toBe(0);
      expect((await open()).spools.events.size()).toBe(1);
      expect(queue.status().dropped_metrics).toBeGreaterThan(0);
    });

    it('goes on, says so, and loses nothing that there is memory for', async () => {
      const { reporter, queue, spools } = await open(undefined, fullDisk(0));

      await reporter.ack(payloadWith(), 'applied');
      await reporter.event('thing', 'info', 'happened');
      await reporter.metric('n', 1);

      expect(queue.diskRefuses()).toBe(true);
      expect([spools.acks.size(), spools.events.size(), spools.metrics.size()]).toEqual([1, 1, 1]);
    });

    it('refuses what somebody on this machine wants to be sure of', async () => {
      const { reporter, queue } = await open(undefined, fullDisk(0));
      const report = { id: '01939e7c-0000-7000-8000-000000000009', type: 'trade', severity: 'info' as const, message: 'm', data: {} };

      await expect(reporter.local({ events: [{ report, at: { timestamp: '2026-11-01T00:00:00.000Z' } }], metrics: [] })).rejects.toThrow('ENOSPC');

      expect(queue.status().pending).toBe(0);
    });
  });
});
