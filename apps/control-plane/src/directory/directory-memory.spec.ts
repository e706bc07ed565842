import type { InstanceRow } from '@trawling/database';
import { createFakeClock, createMemoryLogger, type FakeClock } from '@trawling/runtime/testing';
import { type DirectoryMemory, openDirectoryMemory } from './directory-memory.js';

const START = new Date('2026-11-01T00:00:00Z');
const row = (instance_id: string, change: Partial<InstanceRow> = {}): InstanceRow => ({
  instance_id, service_name: 's', version: '1', schema_version: '1.0.0', status: 'healthy', capabilities: [], concurrent_tasks: 1, queue_length: 0,
  free_capacity: 1, details: {}, uptime_seconds: 1, bot_id: null, owner_id: null, first_seen_at: START, last_seen_at: START, expires_at: null, ...change,
});

let clock: FakeClock;
let there: Map<string, InstanceRow>;
/** Ids that a look for who was heard of finds. */
let heardOf: string[];
let away: boolean;
let reads: (Date | null)[];
let changes: (readonly string[])[];
let memory: DirectoryMemory;
const put = (...rows: InstanceRow[]): void => rows.forEach((one) => there.set(one.instance_id, one));
const pick = (ids: readonly string[]) => ids.flatMap((id) => there.get(id) ?? []);
const answer = <T>(value: T): Promise<T> => (away ? Promise.reject(new Error('the database is away')) : Promise.resolve(value));
const { logger } = createMemoryLogger();
const open = () =>
  openDirectoryMemory({
    clock,
    logger,
    find: (ids) => answer(pick(ids)),
    onChange: (ids) => changes.push(ids),
    read: (since) => {
      reads.push(since);
      return answer({ rows: since === null ? [...there.values()] : pick(heardOf), now: clock.now() });
    },
  });

beforeEach(async () => {
  clock = createFakeClock(START);
  [there, heardOf, away, reads, changes] = [new Map(), [], false, [], []];
  put(row('a'), row('b'));
  memory = await open();
});
afterEach(() => memory.close());

describe('the memory of the directory', () => {
  it('knows everything from the start and tells nothing of it', () => {
    expect([...memory.instances.keys()]).toEqual(['a', 'b']);
    expect(changes).toEqual([]);
  });

  it('looks at once at what it hears of, and tells what changed or is gone', async () => {
    put(row('a', { status: 'draining' }), row('c'));
    there.delete('b');
    memory.hear(['a', 'b', 'c', 'unknown']);

    await clock.advance(100);

    expect(changes.flat()).toEqual(['a', 'c', 'b']);
    expect([...memory.instances.keys()]).toEqual(['a', 'c']);
  });

  it('finds within seconds whose capacity changed without a word, looking back over what may commit late', async () => {
    put(row('b', { queue_length: 1, free_capacity: 0 }));
    heardOf = ['a', 'b'];

    await clock.advance(4_000);

    expect(changes).toEqual([['b']]);
    expect(reads[1]).toEqual(new Date(START.getTime() - 10_000));
  });

  it('tells nothing when only times, uptime and details moved, and shows them', async () => {
    put(row('a', { last_seen_at: new Date(), uptime_seconds: 9, details: { n: 1 } }));
    memory.hear(['a']);

    await clock.advance(100);

    expect(changes).toEqual([]);
    expect(memory.instances.get('a')?.view.uptime_seconds).toBe(9);
  });

  it('reads everything again within half a minute, whatever was never heard of', async () => {
    there.delete('b');
    put(row('a', { status: 'offline' }), row('c'));

    await clock.advance(32_000);

    expect(changes.flat().sort()).toEqual(['a', 'b', 'c']);
    expect(reads.filter((since) => since === null)).toHaveLength(2);
  });

  it('reads everything when anything may have changed', async () => {
    there.delete('b');
    memory.hear(null);

    await clock.advance(100);

    expect(changes).toEqual([['b']]);
  });

  it('loses no hint while the database is away', async () => {
    away = true;
    put(row('a', { status: 'draining' }));
    memory.hear(['a']);
    await clock.advance(5_000);
    expect(changes).toEqual([]);

    away = false;
    await clock.advance(2_000);

    expect(changes).toEqual([['a']]);
  });

  it('is not there when it cannot be read the first time', async () => {
    away = true;

    await expect(open()).rejects.toThrow('away');
  });
});
