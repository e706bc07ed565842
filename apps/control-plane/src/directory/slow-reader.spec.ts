import type { InstanceRow } from '@trawling/database';
import { createHttpApp, defineRoute, drain, listen, mountRoutes } from '@trawling/http';
import { type Clock, systemClock, withReleasers } from '@trawling/runtime';
import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { followStream } from '../testing/follow-stream.js';
import { type InstanceStreams, openInstanceStreams } from './instance-streams.js';
import { usualPace } from './follow-instances.js';

const row = (n: number): InstanceRow => ({
  instance_id: `i${n}`, service_name: 's', version: '1', schema_version: '1.0.0', status: 'healthy', capabilities: [], concurrent_tasks: 1, queue_length: 0,
  free_capacity: 1, details: { text: 'x'.repeat(20_000) }, uptime_seconds: 1, bot_id: null, owner_id: null,
  first_seen_at: new Date(0), last_seen_at: new Date(0), expires_at: null,
});
/** More than the sockets of both ends take by themselves. */
const rows = Array.from({ length: 2_000 }, (_, n) => row(n));

/** A server with nothing but streams, over real sockets. */
async function serve(deps: { limits?: { streams: number; ofOneKey: number }; read?: () => Promise<never>; clock?: Clock }) {
  const { logger, lines } = createMemoryLogger();
  let streams: InstanceStreams | undefined;
  const { value: url, stop } = await withReleasers(async (onStop) => {
    const opened = openInstanceStreams({
      read: deps.read ?? (async () => ({ rows, now: new Date(0) })),
      find: async () => [],
      keyHolds: async () => true,
      clock: deps.clock ?? systemClock,
      logger,
      ...(deps.limits && { limits: deps.limits }),
    });
    streams = opened;
    const route = defineRoute({
      method: 'get', path: '/stream', operationId: 'stream', summary: 's', auth: 'none',
      responses: { 200: { description: 'events', contentType: 'text/event-stream' } },
      async handler({ res }) {
        const stream = await opened.open({ keyId: 'k', ownerId: null, filter: {}, onClosed: (release) => void res.once('close', release) });
        return { status: 200, headers: { 'Content-Type': 'text/event-stream' }, stream };
      },
    });
    const { url, server } = await listen(createHttpApp({ name: 'test', logger, routes: (app) => mountRoutes(app, [route]) }), { port: 0, host: '127.0.0.1' });
    onStop(() => drain(server), 'listener');
    onStop(() => opened.close(), 'streams');
    return `${url}/stream`;
  });
  return { url, stop, streams, lines };
}

describe('streams over real sockets', () => {
  it('cut off a reader that does not read, and serve another one meanwhile', async () => {
    const clock = createFakeClock();
    const { url, stop, lines } = await serve({ clock });
    const slow = await followStream(url, 'k');
    slow.pause();
    const quick = await followStream(url, 'k');

    await until(() => quick.told().at(-1) === 'current');
    expect(quick.events).toHaveLength(rows.length + 1);
    await until(async () => {
      await clock.advance(usualPace.slowMs);
      return lines().some((line) => line['end'] === 'slow');
    });
    slow.resume();
    expect(await slow.end).toBe('cut');

    await stop();
    expect(await quick.end).toBe('ended');
  });

  it('do not keep a server from stopping, though nobody reads', async () => {
    const { url, stop } = await serve({});
    const slow = await followStream(url, 'k');
    slow.pause();

    await stop();

    slow.resume();
    expect(['ended', 'cut']).toContain(await slow.end);
  });

  it('are at most so many, and take the next one when one is closed', async () => {
    const { url, stop } = await serve({ limits: { streams: 1, ofOneKey: 5 } });
    const first = await followStream(url, 'k');
    await expect(followStream(url, 'k')).rejects.toThrow('503');
    first.close();

    const next = await until(() => followStream(url, 'k'));
    next.close();
    await stop();
  });

  it('that could not be opened do not count', async () => {
    const { url, stop } = await serve({ limits: { streams: 1, ofOneKey: 1 }, read: () => Promise.reject(new Error('the database is away')) });

    for (let n = 0; n < 3; n += 1) await expect(followStream(url, 'k')).rejects.toThrow('500');
    await stop();
  });

  it('are refused once the server stops', async () => {
    const { streams, stop } = await serve({});
    await stop();

    await expect(streams?.open({ keyId: 'k', ownerId: null, filter: {}, onClosed: () => undefined })).rejects.toMatchObject({ code: 'unavailable' });
  });
});
