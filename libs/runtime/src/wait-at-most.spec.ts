import { systemClock } from './clock.js';
import { waitAtMost } from './wait-at-most.js';

const HOUR_MS = 3_600_000;

describe('waiting for something, but not for ever', () => {
  it('ends with the work, and leaves no timer behind', async () => {
    let sleeping: AbortSignal | undefined;
    const clock = { sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, (sleeping = signal)) };

    await waitAtMost(clock, HOUR_MS, Promise.resolve());

    expect(sleeping?.aborted).toBe(true);
  });

  it('ends without the work when that takes too long', async () => {
    await waitAtMost(systemClock, 1, new Promise(() => undefined));
  });

  it('fails as the work does', async () => {
    await expect(waitAtMost(systemClock, HOUR_MS, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });
});
