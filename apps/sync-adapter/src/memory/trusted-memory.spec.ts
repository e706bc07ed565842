import { createTrustedMemory, TRUST_MS } from './trusted-memory.js';

/** A memory over rows that a test changes and a clock that a test moves; loads end when the test says so. */
function start(options: { maxEntries?: number } = {}) {
  let now = 0;
  let confirmedAt = 0;
  const rows = new Map<string, { bot: string; text: string }>([
    ['a', { bot: 'bot-1', text: 'first' }],
    ['b', { bot: 'bot-2', text: 'first' }],
  ]);
  let loads = 0;
  let gate: Promise<void> | null = null;
  const memory = createTrustedMemory({
    async load(key) {
      loads += 1;
      const row = rows.get(key) ?? null;
      await gate;
      return row;
    },
    tagOf: (_key, row) => row.bot,
    maxEntries: options.maxEntries ?? 10,
    confirmedAt: () => confirmedAt,
    monotonicMs: () => now,
  });
  return {
    memory,
    rows,
    loads: () => loads,
    pass: (ms: number) => (now += ms),
    confirm: () => (confirmedAt = now),
    /** Holds loads after they have read, until the returned function is called. */
    hold: () => {
      let open = (): void => undefined;
      gate = new Promise<void>((resolve) => (open = resolve));
      return () => {
        gate = null;
        open();
      };
    },
  };
}

describe('a memory that the change feed keeps true', () => {
  it('loads once and then answers without the database', async () => {
    const { memory, loads } = start();

    expect(memory.peek('a')).toBeUndefined();
    await memory.find('a');
    await memory.find('a');

    expect(memory.peek('a')?.text).toBe('first');
    expect(loads()).toBe(1);
  });

  it('shares one load among all who ask at once', async () => {
    const { memory, loads } = start();
    await Promise.all(Array.from({ length: 20 }, () => memory.find('a')));
    expect(loads()).toBe(1);
  });

  it('asks each time for what is not there', async () => {
    const { memory, loads, rows } = start();
    expect(await memory.find('c')).toBeNull();
    rows.set('c', { bot: 'bot-3', text: 'made' });
    expect((await memory.find('c'))?.text).toBe('made');
    expect(loads()).toBe(2);
  });

  it('keeps nothing of a load that failed', async () => {
    const memory = createTrustedMemory<string>({
      load: () => Promise.reject(new Error('away')),
      tagOf: String,
      maxEntries: 1,
      confirmedAt: () => 0,
      monotonicMs: () => 0,
    });
    await expect(memory.find('a')).rejects.toThrow('away');
    await expect(memory.find('a')).rejects.toThrow('away');
    expect(memory.size()).toBe(0);
  });

  it('forgets what a hint names and nothing else', async () => {
    const { memory, rows } = start();
    await memory.find('a');
    await memory.find('b');

    rows.set('a', { bot: 'bot-1', text: 'second' });
    memory.forget(['bot-1', 'unknown']);

    expect(memory.peek('a')).toBeUndefined();
    expect(memory.peek('b')).toBeDefined();
    expect((await memory.find('a'))?.text).toBe('second');
  });

  it.each([
    ['a hint', (memory: ReturnType<typeof start>['memory']) => memory.forget(['bot-1'])],
    ['a hint about everything', (memory: ReturnType<typeof start>['memory']) => memory.forgetAll()],
  ])('never keeps what was read before %s, and never answers with it after', async (_case, hint) => {
    const { memory, rows, hold, loads } = start();
    const release = hold();

    const early = memory.find('a');
    rows.set('a', { bot: 'bot-1', text: 'second' });
    hint(memory);
    const late = memory.find('a');
    release();

    expect((await late)?.text).toBe('second');
    await early;
    expect(memory.peek('a')?.text).toBe('second');
    expect(loads()).toBe(2);
  });

  it('does not trust an entry that nobody has confirmed for five seconds', async () => {
    const { memory, rows, pass, confirm } = start();
    await memory.find('a');
    pass(TRUST_MS);
    expect(memory.peek('a')).toBeDefined();
    pass(1);
    expect(memory.peek('a')).toBeUndefined();

    confirm();
    expect(memory.peek('a')?.text).toBe('first');

    pass(TRUST_MS + 1);
    rows.set('a', { bot: 'bot-1', text: 'second' });
    expect((await memory.find('a'))?.text).toBe('second');
    expect(memory.peek('a')?.text).toBe('second');
  });

  it('holds no more than it may, and the ones used last', async () => {
    const { memory, rows } = start({ maxEntries: 8 });
    for (let n = 0; n < 10; n++) rows.set(`k${n}`, { bot: `bot-${n}`, text: 'x' });
    for (let n = 0; n < 8; n++) await memory.find(`k${n}`);
    memory.peek('k0');

    await memory.find('k8');

    expect(memory.size()).toBe(8);
    expect(memory.peek('k0')).toBeDefined();
    expect(memory.peek('k1')).toBeUndefined();
  });
});
