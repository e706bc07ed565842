import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { watchReadiness } from './readiness.js';

/** Something that can be away, or say nothing at all. */
function dependency() {
  let state: 'there' | 'away' | 'silent' = 'there';
  let asked = 0;
  return {
    check: async () => {
      asked += 1;
      if (state === 'silent') await new Promise(() => undefined);
      if (state === 'away') throw new Error('connect postgresql://user:password@db.internal failed');
    },
    is: (next: typeof state) => void (state = next),
    asked: () => asked,
  };
}

function open() {
  const clock = createFakeClock();
  const log = createMemoryLogger();
  const [database, queue] = [dependency(), dependency()];
  let accepting = true;
  const readiness = watchReadiness(
    { database: database.check, queue: queue.check, accepting: () => accepting },
    { clock, logger: log.logger, everyMs: 2_000, withinMs: 1_000 },
  );
  return { clock, log, database, queue, readiness, refuse: () => void (accepting = false) };
}

describe('readiness', () => {
  it('passes when everything answers', async () => {
    const { readiness } = open();

    expect(await readiness.check()).toEqual({ database: true, queue: true, accepting: true });
    expect(readiness.impairedBy()).toBeNull();
    await readiness.close();
  });

  it('follows what is away and what comes back without being asked', async () => {
    const { readiness, database, clock } = open();
    await clock.advance(0);

    database.is('away');
    await clock.advance(2_000);
    const away = readiness.impairedBy();
    database.is('there');
    await clock.advance(2_000);

    expect([away, readiness.impairedBy()]).toEqual(['not ready: database', null]);
    await readiness.close();
  });

  it('takes silence for an answer, and a plain no', async () => {
    const { readiness, queue, clock, refuse } = open();
    await clock.advance(0);
    queue.is('silent');
    refuse();

    const checks = readiness.check();
    await clock.advance(1_000);

    expect(await checks).toEqual({ database: true, queue: false, accepting: false });
    expect(readiness.impairedBy()).toBe('not ready: queue, accepting');
    await readiness.close();
  });

  it('asks once for all who want to know at the same time', async () => {
    const { readiness, database, clock } = open();
    await clock.advance(0);
    const before = database.asked();

    await Promise.all([readiness.check(), readiness.check(), readiness.check()]);

    expect(database.asked()).toBe(before + 1);
    await readiness.close();
  });

  it('tells the log why, once, and nobody else', async () => {
    const { readiness, database, clock, log } = open();
    database.is('away');

    await clock.advance(10_000);
    database.is('there');
    await clock.advance(10_000);

    expect(log.lines().map(({ level, msg, check }) => [level, msg, check])).toEqual([['warn', 'not ready any more', 'database'], ['info', 'ready again', 'database']]);
    expect(log.text()).not.toContain('password@');
    await readiness.close();
  });

  it('closes at once although something does not answer', async () => {
    const { readiness, database, clock } = open();
    database.is('silent');
    await clock.advance(5_000);

    await expect(readiness.close()).resolves.toBeUndefined();
    expect(clock.sleeping()).toBe(0);
  });
});
