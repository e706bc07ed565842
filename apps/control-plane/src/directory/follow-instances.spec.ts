import type { InstanceView } from '@trawling/contracts';
import { createFakeClock, type FakeClock, until } from '@trawling/runtime/testing';
import { EventEmitter } from 'node:events';
import type { KnownInstance } from './directory-memory.js';
import { followInstances, type Reader, type StreamEnd, usualPace } from './follow-instances.js';

const view = (instance_id: string, status: InstanceView['status'] = 'healthy'): InstanceView => ({
  instance_id, service_name: 's', version: '1', schema_version: '1.0.0', status, capabilities: [], capacity: { concurrent_tasks: 1, queue_length: 0 },
  free_capacity: 1, health_details: {}, uptime_seconds: 1, bot_id: null, first_seen_at: '', last_seen_at: '', expires_at: null,
});

let clock: FakeClock;
let stopping: AbortController;
let instances: Map<string, KnownInstance>;
let tell: (ids: readonly string[]) => void;
let keyHolds: jest.Mock<Promise<boolean>, []>;
let sent: string[];
let end: StreamEnd | null;
/** As full as the test says. */
let reader: Reader & EventEmitter & { full: boolean };
const put = (id: string, status?: InstanceView['status']): void => {
  instances.set(id, { view: view(id, status), ownerId: null, mark: '' });
  tell?.([id]);
};
const told = () => sent.flatMap((text) => {
  const [, event, data] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
  return event === undefined ? [] : [event === 'instance' ? `${JSON.parse(data ?? '').instance_id}:${JSON.parse(data ?? '').status}` : event];
});
const settled = () => clock.advance(0);
const start = async (): Promise<void> => {
  void followInstances(
    {
      instances, keyHolds, clock, pace: usualPace, stopping: stopping.signal,
      onChange(hear) {
        tell = hear;
        return () => undefined;
      },
    },
    { res: reader, ownerId: null, filter: {} },
  ).then((why) => (end = why));
  await settled();
};

beforeEach(() => {
  clock = createFakeClock();
  stopping = new AbortController();
  instances = new Map();
  tell = () => undefined;
  keyHolds = jest.fn(async () => true);
  sent = [];
  end = null;
  reader = Object.assign(new EventEmitter(), { full: false, write: (text: string) => (sent.push(text), !reader.full) });
});
afterEach(async () => {
  stopping.abort();
  await until(() => end !== null);
});

describe('following instances', () => {
  it('gives a sign of life after every 15 s without news', async () => {
    await start();
    sent = [];

    await clock.advance(45_100);

    expect(sent).toEqual([': heartbeat\n\n', ': heartbeat\n\n', ': heartbeat\n\n']);
  });

  it('writes nothing while the reader is full, and then only what is so now', async () => {
    put('a');
    await start();
    reader.full = true;
    put('b');
    await settled();
    for (const status of ['degraded', 'draining', 'offline'] as const) {
      put('a', status);
      put('c', status);
      await settled();
    }
    expect(told()).toEqual(['a:healthy', 'current', 'b:healthy']);

    reader.full = false;
    reader.emit('drain');
    await settled();

    expect(told()).toEqual(['a:healthy', 'current', 'b:healthy', 'a:offline', 'c:offline']);
  });

  it('is cut off when what was sent is not read for 20 s', async () => {
    await start();
    reader.full = true;
    put('a');

    await clock.advance(19_900);
    expect(end).toBeNull();
    await clock.advance(200);

    expect(end).toBe('slow');
  });

  it('ends when the server stops, also while the reader is full', async () => {
    reader.full = true;
    await start();

    stopping.abort();
    await settled();

    expect(end).toBe('stopping');
  });

  it('ends when the client leaves', async () => {
    await start();

    reader.emit('close');
    await settled();

    expect(end).toBe('client-gone');
  });

  it('ends within 3 s when its key is revoked, also while there are always news', async () => {
    await start();
    keyHolds.mockResolvedValue(false);
    for (let n = 0; n < 31 && end === null; n += 1) {
      put(`i${n}`);
      await clock.advance(100);
    }

    expect(end).toBe('key-ended');
  });

  it('goes on for no longer than 15 s, with its news, while who is asked whether its key holds says nothing at all', async () => {
    await start();
    keyHolds.mockReturnValue(new Promise(() => undefined));

    await clock.advance(4_000);
    put('a');
    await clock.advance(8_000);
    expect([told(), end]).toEqual([['current', 'a:healthy'], null]);

    await clock.advance(10_000);
    expect(end).toBe('key-ended');
  });

  it('ends within 3 s when the server stops while nobody says whether its key holds', async () => {
    await start();
    keyHolds.mockReturnValue(new Promise(() => undefined));
    await clock.advance(4_000);

    stopping.abort();
    await clock.advance(3_000);

    expect(end).toBe('stopping');
  });

  it('goes on for 15 s while nobody can say whether its key holds, and no longer', async () => {
    await start();
    keyHolds.mockRejectedValue(new Error('the database is away'));
    await clock.advance(12_500);
    expect(end).toBeNull();

    await clock.advance(3_000);

    expect(end).toBe('key-ended');
  });
});
