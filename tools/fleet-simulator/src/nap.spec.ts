import { createNaps } from './nap.js';

describe('naps of a bot', () => {
  it('last as long as they were meant to, or until they are woken', async () => {
    const newNap = createNaps(new AbortController().signal);
    const [short, long] = [newNap(), newNap()];
    const sleeping = long.sleep(60_000);

    await short.sleep(1);
    await short.sleep(1);
    long.wake();
    await sleeping;
  });

  it('end with the bot, and take no time after', async () => {
    const life = new AbortController();
    const newNap = createNaps(life.signal);
    const naps = [newNap(), newNap()];
    const sleeping = naps.map(({ sleep }) => sleep(60_000));

    life.abort();

    await Promise.all(sleeping);
    await Promise.all(naps.map(({ sleep }) => sleep(60_000)));
  });

  it('are not shortened by a wake before', async () => {
    const nap = createNaps(new AbortController().signal)();
    nap.wake();
    let over = false;
    const sleeping = nap.sleep(60_000).then(() => (over = true));

    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(over).toBe(false);
    nap.wake();
    await sleeping;
  });
});
