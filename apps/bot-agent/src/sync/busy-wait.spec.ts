import { busyWaitMs } from './busy-wait.js';

describe('waiting for a busy server', () => {
  it('is never shorter than the server asks', () => {
    expect([250, 1_000, 300_000].map((ms) => busyWaitMs(ms, () => 0))).toEqual([250, 1_000, 300_000]);
  });

  it('is longer by a random part of as much again, of a second at least and a minute at most', () => {
    expect([250, 1_000, 300_000].map((ms) => busyWaitMs(ms, () => 1))).toEqual([1_250, 2_000, 360_000]);
    expect(busyWaitMs(8_000, () => 0.25)).toBe(10_000);
  });

  it('brings a fleet that heard the same back spread over that time', () => {
    const waits = Array.from({ length: 100 }, (_, n) => busyWaitMs(5_000, () => n / 100));

    expect(new Set(waits).size).toBe(100);
  });
});
