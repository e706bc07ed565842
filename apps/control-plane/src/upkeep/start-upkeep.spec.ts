import { createFakeClock, createMemoryLogger } from '@trawling/runtime/testing';
import { startUpkeep } from './start-upkeep.js';

const world = (random = 0.5) => ({ clock: createFakeClock(), random: () => random, ...createMemoryLogger() });

describe('upkeep', () => {
  it('does each task at once, and again at its own pace', async () => {
    const deps = world();
    const runs = { often: 0, rarely: 0 };
    const upkeep = startUpkeep(deps, [
      { name: 'often', everyMs: 1_000, run: async () => void (runs.often += 1) },
      { name: 'rarely', everyMs: 10_000, run: async () => void (runs.rarely += 1) },
    ]);

    await deps.clock.advance(3_500);
    expect(runs).toEqual({ often: 4, rarely: 1 });
    await upkeep.close();

    await deps.clock.advance(20_000);
    expect(runs).toEqual({ often: 4, rarely: 1 });
  });

  it('keeps replicas out of step', async () => {
    const deps = world(0);
    let runs = 0;
    const upkeep = startUpkeep(deps, [{ name: 'a', everyMs: 1_000, run: async () => void (runs += 1) }]);

    await deps.clock.advance(900);

    expect(runs).toBe(2);
    await upkeep.close();
  });

  it('outlives a task that fails, and says so', async () => {
    const deps = world();
    let runs = 0;
    const upkeep = startUpkeep(deps, [{ name: 'sick', everyMs: 1_000, run: async () => {
      runs += 1;
      throw new Error('the database is away');
    } }]);

    await deps.clock.advance(1_000);

    expect(runs).toBe(2);
    expect(deps.lines()[0]).toMatchObject({ level: 'warn', task: 'sick', err: { message: 'the database is away' } });
    await upkeep.close();
  });

  it('waits for what runs before it is closed', async () => {
    const deps = world();
    let finish: () => void = () => undefined;
    let done = false;
    const upkeep = startUpkeep(deps, [{ name: 'slow', everyMs: 1_000, run: () => new Promise((resolve) => (finish = resolve)) }]);

    const closing = upkeep.close().then(() => (done = true));
    await deps.clock.advance(0);
    expect(done).toBe(false);
    finish();
    await closing;
  });
});
