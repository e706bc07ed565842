import { createWaiters } from './waiters.js';

describe('the requests that wait', () => {
  it('are bounded: who comes too many is told when to come again', () => {
    const waiters = createWaiters({ max: 2 });
    const leave = waiters.enter('bot-1', () => undefined);
    waiters.enter('bot-2', () => undefined);

    expect(() => waiters.enter('bot-3', () => undefined)).toThrow(expect.objectContaining({ code: 'unavailable', extensions: { retry_after: 10 } }));

    leave();
    leave();
    expect(waiters.size()).toBe(1);
    waiters.enter('bot-3', () => undefined);
  });

  it('of one bot are few: the oldest is answered first', () => {
    const waiters = createWaiters({ max: 100 });
    const ended: number[] = [];
    const leaves = [1, 2, 3, 4, 5].map((n) => waiters.enter('bot-1', () => ended.push(n)));

    expect(ended).toEqual([1, 2]);
    leaves.forEach((leave) => leave());
    expect(waiters.size()).toBe(0);
  });
});
