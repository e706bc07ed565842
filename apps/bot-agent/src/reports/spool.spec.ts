import { appendFile, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { openSpool } from './spool.js';

const Item = z.object({ id: z.string(), n: z.number() });
type Item = z.infer<typeof Item>;
const item = (n: number): Item => ({ id: `i${n}`, n });

describe('the spool', () => {
  const folder = temporaryFolder();
  const open = (maxItems = 1000) =>
    openSpool({ host: realHost, path: folder.path('spool.jsonl'), schema: Item, keyOf: ({ id }) => id, maxItems });

  it('keeps what was pushed over a restart, oldest first', async () => {
    const spool = await open();
    await spool.push(item(1), item(2));
    await spool.push(item(3));

    const again = await open();

    expect(again.peek(2)).toEqual([item(1), item(2)]);
    expect(again.size()).toBe(3);
  });

  it('gives an item again until it is removed, also after a restart in between', async () => {
    const spool = await open();
    await spool.push(item(1), item(2));
    await spool.remove(spool.peek(1));

    const again = await open();

    expect(spool.peek(9)).toEqual([item(2)]);
    expect(again.size()).toBeGreaterThanOrEqual(1);
    await spool.remove(spool.peek(9));
    expect(await readFile(folder.path('spool.jsonl'), 'utf8')).toBe('');
  });

  it('holds one item per key', async () => {
    const spool = await open();

    await spool.push(item(1), { ...item(1), n: 7 });
    await spool.push(item(1));

    expect(spool.peek(9)).toEqual([item(1)]);
  });

  it('drops the oldest when it is full, and counts them once', async () => {
    const spool = await open(2);

    await spool.push(item(1), item(2), item(3));

    expect(spool.peek(9)).toEqual([item(2), item(3)]);
    expect(spool.takeDropped()).toBe(1);
    expect(spool.takeDropped()).toBe(0);
  });

  it('loses only the line that a crash cut off, and nothing that is pushed after it', async () => {
    const spool = await open();
    await spool.push(item(1));
    await appendFile(folder.path('spool.jsonl'), '{"id":"i2","n"');

    const again = await open();
    await again.push(item(3));

    expect((await open()).peek(9)).toEqual([item(1), item(3)]);
  });

  it('does not grow for ever when items come and go', async () => {
    const spool = await open();

    for (let n = 0; n < 1000; n += 1) {
      await spool.push(item(n), item(n + 0.5));
      await spool.remove([...spool.peek(1)]);
      if (spool.size() > 3) await spool.remove(spool.peek(2));
    }

    const lines = (await readFile(folder.path('spool.jsonl'), 'utf8')).split('\n').length;
    expect(lines).toBeLessThan(600);
  });
});
