import { createFakeClock, until } from '@trawling/runtime/testing';
import { createSharedList, listEveryMs } from './shared-list.js';

describe('a list that everybody shares', () => {
  const open = (rows = 10) => {
    const clock = createFakeClock();
    const readings: { done: (rows: number) => void; fail: (error: Error) => void }[] = [];
    const list = createSharedList({ clock, read: () => new Promise((done, fail) => readings.push({ done, fail })) });
    const readOnce = async () => {
      const reading = list.fresh();
      readings.at(-1)?.done(rows);
      await reading;
    };
    return { clock, readings, list, readOnce };
  };

  it('is read once for all who ask while it is being read', async () => {
    const { list, readings } = open();

    const asking = Promise.all([list.fresh(), list.fresh(), list.recent()]);
    readings[0]?.done(1);
    await asking;

    expect(readings).toHaveLength(1);
  });

  it('is good for ten seconds, and longer the more pages it has', async () => {
    const { list, readings, clock, readOnce } = open(1_000);
    await readOnce();
    await clock.advance(listEveryMs(1_000) - 1);
    await list.fresh();
    expect(readings).toHaveLength(1);

    await clock.advance(1);
    void list.fresh();

    expect(readings).toHaveLength(2);
    expect(listEveryMs(0)).toBe(10_000);
    expect(listEveryMs(1_000)).toBe(10_000 + 4 * 3_600);
  });

  it('keeps nobody waiting who takes a recent one, and is read anew meanwhile', async () => {
    const { list, readings, clock, readOnce } = open();
    await readOnce();
    await clock.advance(30_000);

    await list.recent();

    expect(readings).toHaveLength(2);
    await clock.advance(120_000);
    let isDone = false;
    const waiting = list.recent().then(() => (isDone = true));
    expect(isDone).toBe(false);
    readings[1]?.done(1);
    await waiting;
  });

  it('is read as overdue when there is none of the last two minutes, so that it comes out of what is kept for deletes', async () => {
    const clock = createFakeClock();
    const overdue: boolean[] = [];
    const list = createSharedList({ clock, read: async (isOverdue) => overdue.push(isOverdue) });

    for (const ms of [0, 30_000, 121_000]) {
      await clock.advance(ms);
      await list.fresh();
    }

    expect(overdue).toEqual([true, false, true]);
  });

  it('fails for those who wait for it, not for those who do not, and is read again', async () => {
    const { list, readings, clock, readOnce } = open();
    await readOnce();
    await clock.advance(30_000);
    await list.recent();
    const waiting = list.fresh();

    readings[1]?.fail(new Error('away'));

    await expect(waiting).rejects.toThrow('away');
    void list.fresh();
    await until(() => readings.length === 3);
  });
});
