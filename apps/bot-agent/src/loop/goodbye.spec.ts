import { createFakeClock } from '@trawling/runtime/testing';
import { createGoodbye } from './goodbye.js';

const forEver = new Promise<void>(() => undefined);

describe('the last heartbeat', () => {
  const setUp = (heartbeats: Promise<void> | null) => {
    const clock = createFakeClock();
    let rings = 0;
    const goodbye = createGoodbye({ clock, ring: () => (rings += 1) });
    let over = false;
    const start = async () => {
      void goodbye.say(heartbeats).then(() => (over = true));
      await clock.advance(0);
    };
    return { clock, goodbye, start, rings: () => rings, over: () => over };
  };

  it('is asked for, and waited for until it was answered or did not get through', async () => {
    const { clock, goodbye, start, rings, over } = setUp(forEver);

    await start();
    expect([goodbye.isSaid(), rings(), over()]).toEqual([true, 1, false]);
    goodbye.tried();
    await clock.advance(0);

    expect([over(), clock.sleeping()]).toEqual([true, 0]);
  });

  it('is waited for two seconds at most', async () => {
    const { clock, start, over } = setUp(forEver);
    await start();

    await clock.advance(1_999);
    expect(over()).toBe(false);
    await clock.advance(1);

    expect(over()).toBe(true);
  });

  it.each([
    ['heartbeats have not begun', null],
    ['heartbeats are over because the machine no longer speaks for its bot', Promise.resolve()],
    ['heartbeats broke', Promise.reject(new Error('broken'))],
  ])('is not waited for when %s', async (_when, heartbeats) => {
    const { start, over } = setUp(heartbeats);
    await start();
    expect(over()).toBe(true);
  });
});
