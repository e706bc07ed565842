import { unlessItTakesTime } from './virtual-time.js';

describe('unlessItTakesTime', () => {
  it('waits for what happens at once', async () => {
    let isDone = false;

    await unlessItTakesTime(async () => {
      await Promise.resolve();
      isDone = true;
    });

    expect(isDone).toBe(true);
  });

  it('does not wait for what needs the time that stands still meanwhile', async () => {
    await expect(unlessItTakesTime(() => new Promise(() => undefined))).resolves.toBeUndefined();
  });

  it('does not mind what fails', async () => {
    await expect(unlessItTakesTime(() => Promise.reject(new Error('lost')))).resolves.toBeUndefined();
  });
});
