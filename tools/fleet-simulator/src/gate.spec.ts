import { createGate } from './gate.js';

describe('a gate', () => {
  it('lets so many through at once, in the order they came, also when one fails', async () => {
    const gate = createGate(2);
    const doors: (() => void)[] = [];
    const started: number[] = [];
    const enter = (number: number) =>
      gate(async () => {
        started.push(number);
        await new Promise<void>((resolve) => doors.push(resolve));
        if (number === 1) throw new Error('fell');
        return number;
      });

    const all = Promise.allSettled([1, 2, 3, 4].map(enter));
    const startedAtFirst = [...started];
    for (let next = 0; next < 4; next++) {
      doors[next]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }

    expect(startedAtFirst).toEqual([1, 2]);
    expect(started).toEqual([1, 2, 3, 4]);
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
  });
});
