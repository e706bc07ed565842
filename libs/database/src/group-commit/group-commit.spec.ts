import { createFakeClock, until } from '@trawling/runtime/testing';
import { createGroupCommit, type GroupCommitOptions } from './group-commit.js';

type Item = { key: string; value: number };

/** Writes that a test lets go through or fail one by one. */
function openWrites() {
  const calls: { items: readonly Item[]; succeed: () => void; fail: (error: unknown) => void }[] = [];
  const write = (items: readonly Item[]) =>
    new Promise<number[]>((resolve, reject) => {
      calls.push({ items, succeed: () => resolve(items.map((item) => item.value)), fail: reject });
    });
  return { calls, write };
}

const coded = (code: string): Error => Object.assign(new Error(code), { code });
const item = (key: string, value = 0): Item => ({ key, value });

describe('group commit', () => {
  const clock = createFakeClock();
  const commit = (options: Partial<GroupCommitOptions<Item, number>> & Pick<GroupCommitOptions<Item, number>, 'write'>) =>
    createGroupCommit<Item, number>({
      name: 'items', keyOf: ({ key }) => key, maxWeight: 100, maxWaitMs: 5, maxPending: 1_000, maxWriters: 1, clock, ...options,
    });

  it('writes what arrives within the wait at once, sorted by key, and answers each item its own result', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write });

    const answers = Promise.all([group.submit(item('b', 2)), group.submit(item('a', 1)), group.submit(item('c', 3))]);
    await clock.advance(4);
    expect(calls).toEqual([]);
    await clock.advance(1);
    calls[0]?.succeed();

    expect(calls[0]?.items.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
    expect(await answers).toEqual([2, 1, 3]);
    expect(group.pending()).toBe(0);
  });

  it('answers nobody before the write has ended', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write });
    let answered = false;
    const answer = group.submit(item('a')).then(() => (answered = true));
    await clock.advance(50);
    expect(answered).toBe(false);
    calls[0]?.succeed();
    await answer;
  });

  it('does not wait when a batch is full, and leaves what does not fit to the next', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write, maxWeight: 2 });

    const answers = Promise.all(['a', 'b', 'c'].map((key) => group.submit(item(key))));
    expect(calls.map((call) => call.items.length)).toEqual([2]);
    calls[0]?.succeed();
    await clock.advance(5);
    calls[1]?.succeed();

    expect(await answers).toHaveLength(3);
    expect(calls.map((call) => call.items.length)).toEqual([2, 1]);
  });

  it('counts weights, and takes an item that is heavier than a batch alone', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write, maxWeight: 10, weightOf: ({ value }) => value });

    const answers = Promise.all([group.submit(item('a', 4)), group.submit(item('b', 50))]);
    calls[0]?.succeed();
    await until(() => calls.length === 2);
    calls[1]?.succeed();

    expect(await answers).toEqual([4, 50]);
    expect(calls.map((call) => call.items.map(({ value }) => value))).toEqual([[4], [50]]);
  });

  it('never writes two items of one key at once, also with writers to spare, and keeps their order', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write, maxWriters: 3 });

    const answers = Promise.all([group.submit(item('a', 1)), group.submit(item('a', 2)), group.submit(item('b', 3))]);
    await clock.advance(5);
    expect(calls.map((call) => call.items.map(({ value }) => value))).toEqual([[1, 3]]);
    calls[0]?.succeed();
    await until(() => calls.length === 2);
    calls[1]?.succeed();

    expect(await answers).toEqual([1, 2, 3]);
  });

  it('merges waiting items of one key when they can be, and answers both', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write, merge: (earlier, later) => (later.value > earlier.value ? later : earlier) });

    const answers = Promise.all([group.submit(item('a', 7)), group.submit(item('a', 9)), group.submit(item('a', 8))]);
    await clock.advance(5);
    calls[0]?.succeed();

    expect(await answers).toEqual([9, 9, 9]);
    expect(calls[0]?.items).toEqual([item('a', 9)]);
  });

  it('lets one item that Postgres refuses fail alone', async () => {
    const writes: number[] = [];
    const group = commit({
      write: async (items) => {
        writes.push(items.length);
        if (items.some(({ key }) => key === 'bad')) throw coded('22021');
        return items.map(({ value }) => value);
      },
    });

    const good = Promise.all(Array.from({ length: 50 }, (_, index) => group.submit(item(`good-${index}`, index))));
    const bad = group.submit(item('bad'));
    const refused = expect(bad).rejects.toThrow('the database does not keep this');
    await clock.advance(5);

    expect(await good).toHaveLength(50);
    await refused;
    expect(writes.length).toBeLessThan(16);
  });

  it.each([
    ['the connection is lost', coded('08006')],
    ['the server is shut down', coded('57P01')],
    ['the socket breaks', coded('ECONNRESET')],
    ['the answer does not come in time', coded('57014')],
    ['the outcome of the commit is unknown', coded('40003')],
  ])('says nobody that it was stored when %s, and does not try by itself', async (_case, error) => {
    const { calls, write } = openWrites();
    const group = commit({ write });

    const answers = Promise.allSettled([group.submit(item('a')), group.submit(item('b'))]);
    await clock.advance(5);
    calls[0]?.fail(error);

    for (const answer of await answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'unavailable', extensions: { retry_after: 2 } } });
    expect(calls).toHaveLength(1);
  });

  it('tries again what lost against another transaction', async () => {
    let tries = 0;
    const group = commit({
      write: async (items) => {
        tries += 1;
        if (tries < 3) throw coded('40P01');
        return items.map(({ value }) => value);
      },
    });
    const answer = group.submit(item('a', 5));
    await clock.advance(5);
    expect(await answer).toBe(5);
  });

  it('passes a mistake of ours on as it is', async () => {
    const group = commit({ write: () => Promise.reject(coded('42P01')) });
    const failed = expect(group.submit(item('a'))).rejects.toMatchObject({ code: '42P01' });
    await clock.advance(5);
    await failed;
  });

  it('takes no more than it has room for, and takes again when there is', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write, maxPending: 2 });
    const answers = Promise.all([group.submit(item('a')), group.submit(item('b'))]);

    await expect(group.submit(item('c'))).rejects.toMatchObject({ code: 'unavailable' });
    await clock.advance(5);
    await expect(group.submit(item('c'))).rejects.toMatchObject({ code: 'unavailable' });
    calls[0]?.succeed();
    await answers;

    const later = group.submit(item('c', 1));
    await clock.advance(5);
    calls[1]?.succeed();
    expect(await later).toBe(1);
  });

  it('writes what waits when it is closed, and takes nothing more', async () => {
    const { calls, write } = openWrites();
    const group = commit({ write, maxWaitMs: 60_000 });
    const answers = Promise.all([group.submit(item('a', 1)), group.submit(item('a', 2))]);

    const closed = group.close();
    await expect(group.submit(item('b'))).rejects.toMatchObject({ code: 'unavailable' });
    calls[0]?.succeed();
    await until(() => calls.length === 2);
    calls[1]?.succeed();

    await closed;
    expect(await answers).toEqual([1, 2]);
  });
});
