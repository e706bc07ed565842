import { createBatchLoader } from './batch-loader.js';

function start(options: { maxWaiting?: number } = {}) {
  const batches: string[][] = [];
  const open: (() => void)[] = [];
  const load = createBatchLoader<string>(async (keys) => {
    batches.push(keys);
    await new Promise<void>((resolve) => open.push(resolve));
    if (keys.includes('bad')) throw new Error('away');
    return new Map(keys.filter((key) => key !== 'nobody').map((key) => [key, `row of ${key}`]));
  }, options);
  return { batches, load, release: () => open.splice(0).forEach((end) => end()) };
}

/** Lets what is ready run. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a batch loader', () => {
  it('asks at once for who comes alone, and together for who comes while it is busy', async () => {
    const { batches, load, release } = start();

    const answers = [load('a'), load('b')];
    await turn();
    answers.push(load('c'));
    await turn();
    answers.push(load('d'), load('e'), load('d'), load('nobody'));
    await turn();
    expect(batches).toEqual([['a', 'b'], ['c']]);
    release();
    await turn();
    release();

    expect(await Promise.all(answers)).toEqual(['row of a', 'row of b', 'row of c', 'row of d', 'row of e', 'row of d', null]);
    expect(batches).toEqual([['a', 'b'], ['c'], ['d', 'e', 'nobody']]);
  });

  it('fails those who were in the batch that failed, and serves the next', async () => {
    const { load, release } = start();
    const failing = [load('bad'), load('a')].map((answer) => answer.catch((error: Error) => error.message));
    await turn();
    release();
    expect(await Promise.all(failing)).toEqual(['away', 'away']);

    const next = load('a');
    await turn();
    release();
    expect(await next).toBe('row of a');
  });

  it('sends away who comes when too many wait, and takes others as soon as there is room', async () => {
    const { load, release } = start({ maxWaiting: 2 });
    const underWay = [load('a'), load('b')];
    await turn();
    underWay.push(load('c'));
    await turn();
    const waiting = [load('d'), load('e')];

    await expect(load('f')).rejects.toMatchObject({ code: 'unavailable', extensions: { retry_after: 2 } });

    release();
    expect(await Promise.all(underWay)).toHaveLength(3);
    await turn();
    const next = load('g');
    release();
    expect(await Promise.all(waiting)).toEqual(['row of d', 'row of e']);
    await turn();
    release();
    expect(await next).toBe('row of g');
  });

  it('splits what is too much for one query', async () => {
    const { batches, load, release } = start();
    const answers = Promise.all(Array.from({ length: 1_200 }, (_, n) => load(`k${n}`)));
    await turn();
    release();
    await turn();
    release();

    expect((await answers).length).toBe(1_200);
    expect(batches.map((keys) => keys.length)).toEqual([500, 500, 200]);
  });
});
