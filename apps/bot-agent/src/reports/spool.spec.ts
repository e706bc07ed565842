import { appendFile, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { z } from 'zod';
import { type Host, realHost } from '../host.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { openSpool, type SpoolOptions } from './spool.js';

const Item = z.object({ id: z.string(), n: z.number() });
type Item = z.infer<typeof Item>;
const item = (n: number): Item => ({ id: `i${n}`, n });
const items = (count: number, from = 0) => Array.from({ length: count }, (_, n) => item(from + n));

const noSpace = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

describe('the spool', () => {
  const folder = temporaryFolder();
  const open = (over: Partial<SpoolOptions<Item>> = {}, dir = 'spool') =>
    openSpool({ host: realHost, dir: folder.path(dir), schema: Item, keyOf: ({ id }) => id, ...over });
  const all = { items: Infinity };
  const files = async (dir = 'spool') => (await readdir(folder.path(dir))).sort().map((name) => folder.path(`${dir}/${name}`));

  it('keeps what was pushed over a restart, oldest first', async () => {
    const spool = await open();
    await spool.push(item(1), item(2));
    await spool.push(item(3));

    const again = await open();

    expect(again.peek({ items: 2 })).toEqual([item(1), item(2)]);
    expect(again.size()).toBe(3);
  });

  it('gives an item again until it is removed, also after a restart in between', async () => {
    const spool = await open();
    await spool.push(item(1), item(2));
    await spool.remove(spool.peek({ items: 1 }));

    const again = await open();

    expect(spool.peek(all)).toEqual([item(2)]);
    expect(again.peek(all)).toContainEqual(item(2));
  });

  it('leaves nothing on the disk once everything was removed', async () => {
    const spool = await open({ fileBytes: 100 });
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 9]) await spool.push(item(n));
    expect((await files()).length).toBeGreaterThan(2);

    while (spool.size() > 0) await spool.remove(spool.peek({ items: 2 }));

    expect(await files()).toEqual([]);
    expect(spool.bytes()).toBe(0);
  });

  it('frees the room of confirmed items while new ones come', async () => {
    const spool = await open({ fileBytes: 1_000 });

    for (let n = 0; n < 300; n += 1) {
      await spool.push(item(n));
      if (spool.size() > 10) await spool.remove(spool.peek({ items: 1 }));
    }

    expect(spool.bytes()).toBeLessThan(3_000);
  });

  it('holds one item per key', async () => {
    const spool = await open();

    await spool.push(item(1), { ...item(1), n: 7 });
    await spool.push(item(1));

    expect(spool.peek(all)).toEqual([item(1)]);
  });

  it('peeks within a bound of bytes, but never at nothing', async () => {
    const spool = await open();
    await spool.push(item(1), item(2), item(3));
    const bytes = Buffer.byteLength(JSON.stringify(item(1)));

    expect(spool.peek({ items: 9, bytes: 2 * bytes })).toEqual([item(1), item(2)]);
    expect(spool.peek({ items: 9, bytes: 1 })).toEqual([item(1)]);
  });

  it('gives up the oldest above its bound and says how many', async () => {
    const dropped: number[] = [];
    const spool = await open({ maxItems: 2, onDropped: (count) => dropped.push(count) });

    await spool.push(item(1), item(2), item(3));

    expect(spool.peek(all)).toEqual([item(2), item(3)]);
    expect(dropped).toEqual([1]);
  });

  it('gives up a file at a time when it is told to make room', async () => {
    const spool = await open({ fileBytes: 100 });
    await spool.push(...items(5));
    await spool.push(...items(5, 5));

    expect(await spool.dropOldest()).toBe(5);

    expect(spool.peek(all)).toEqual(items(5, 5));
    expect((await open()).peek(all)).toEqual(items(5, 5));
  });

  it('can still be told that items were sent that it gave up meanwhile', async () => {
    const spool = await open();
    await spool.push(item(1));
    const sent = spool.peek(all);
    await spool.dropOldest();
    await spool.push(item(1));

    await spool.remove(sent);

    expect(spool.peek(all)).toEqual([item(1)]);
  });

  describe('after a crash', () => {
    it('loses only the record that was cut off, wherever the cut is, and nothing that is pushed after it', async () => {
      const whole = 3;
      await (await open()).push(...items(whole));
      const [file = ''] = await files();
      const text = await readFile(file, 'utf8');
      const ends = [...text.matchAll(/\n/g)].map(({ index }) => index + 1);

      await fc.assert(
        fc.asyncProperty(fc.nat(text.length), async (cut) => {
          await writeFile(file, text);
          await truncate(file, cut);
          for (const other of await files()) if (other !== file) await realHost.remove(other);

          const first = await open();
          await first.push(item(100));
          const second = await open();

          const kept = ends.filter((end) => end <= cut).length;
          expect(second.peek(all).filter(({ n }) => n < 100)).toEqual(items(kept + (text[cut] === '\n' ? 1 : 0)));
          expect(second.peek(all)).toContainEqual(item(100));
        }),
        { numRuns: 60 },
      );
    });

    it('never takes a corrupted record for a report', async () => {
      const original = items(5);
      await (await open()).push(...original);
      const [file = ''] = await files();
      const bytes = await readFile(file);

      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = (damaged[at] ?? 0) ^ flip;
          await writeFile(file, damaged);
          for (const other of await files()) if (other !== file) await realHost.remove(other);

          const found = (await open()).peek(all);

          for (const one of found) expect(original).toContainEqual(one);
          expect(found.length).toBeGreaterThanOrEqual(3);
        }),
        { numRuns: 60 },
      );
      await writeFile(file, '');
    });

    it('reads what another version of the agent wrote in a form that it does not know as nothing', async () => {
      await (await open()).push(item(1));
      const [file = ''] = await files();
      await appendFile(file, '{"id":"old","n":1}\n\n');

      expect((await open()).peek(all)).toEqual([item(1)]);
    });
  });

  it('never loses an accepted item, whatever is pushed, removed and killed in whatever order', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('remove' as const), count: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ do: fc.constant('reopen' as const), count: fc.constant(0) }),
      fc.record({ do: fc.constant('half-write' as const), count: fc.integer({ min: 1, max: 30 }) }),
    );
    let run = 0;

    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const dir = `run-${(run += 1)}`;
        let cutAt: number | null = null;
        const host: Host = {
          ...realHost,
          append: async (path, text) => {
            if (cutAt === null) return realHost.append(path, text);
            await realHost.append(path, text.slice(0, cutAt));
            throw noSpace();
          },
        };
        let spool = await open({ host, fileBytes: 120 }, dir);
        const accepted = new Set<number>();
        let next = 0;
        for (const { do: what, count } of steps) {
          if (what === 'push' || what === 'half-write') {
            const fresh = items(count, next);
            next += count;
            cutAt = what === 'half-write' ? count : null;
            const ok = await spool.push(...fresh).then(() => true, () => false);
            if (ok) for (const { n } of fresh) accepted.add(n);
          } else if (what === 'remove') {
            const gone = spool.peek({ items: count });
            await spool.remove(gone);
            for (const { n } of gone) accepted.delete(n);
          } else spool = await open({ host, fileBytes: 120 }, dir);

          const held = spool.peek(all).map(({ n }) => n);
          for (const n of accepted) expect(held).toContain(n);
        }
      }),
      { numRuns: 40 },
    );
  });

  describe('when the disk is full', () => {
    const setUp = async (over: Partial<SpoolOptions<Item>> = {}) => {
      const disk = { full: false };
      const host: Host = { ...realHost, append: (path, text) => (disk.full ? Promise.reject(noSpace()) : realHost.append(path, text)) };
      return { disk, spool: await open({ host, ...over }) };
    };

    it('refuses what has to be on the disk and keeps nothing of it', async () => {
      const { disk, spool } = await setUp();
      disk.full = true;

      await expect(spool.push(item(1))).rejects.toThrow('ENOSPC');

      expect(spool.size()).toBe(0);
      expect(await files()).toEqual([]);
    });

    it.each([
      ['a part of it was written', (text: string) => text.slice(0, -5)],
      ['it was written but not flushed', (text: string) => text],
    ])('finds nothing of what it refused after a restart, also when %s', async (_how, written) => {
      let broken = false;
      const host: Host = {
        ...realHost,
        append: async (path, text) => {
          await realHost.append(path, broken ? written(text) : text);
          if (broken) throw noSpace();
        },
      };
      const spool = await open({ host });
      await spool.push(item(1));
      broken = true;
      await expect(spool.push(item(2), item(3), item(4))).rejects.toThrow('ENOSPC');
      broken = false;
      await spool.push(item(5));

      expect((await open()).peek(all)).toEqual([item(1), item(5)]);
    });

    it('holds the rest in memory, gives it to whoever sends it, and writes it when the disk takes it again', async () => {
      const { disk, spool } = await setUp();
      await spool.push(item(1));
      disk.full = true;
      await spool.hold(item(2));
      await spool.hold(item(3));
      expect(spool.unwritten()).toBe(2);
      await spool.remove([spool.peek({ items: 2 })[1] ?? item(0)]);

      disk.full = false;
      await spool.hold(item(4));

      expect(spool.unwritten()).toBe(0);
      expect((await open()).peek(all)).toEqual([item(1), item(3), item(4)]);
    });

    it('holds a bounded number in memory, the newest', async () => {
      const dropped: number[] = [];
      const { disk, spool } = await setUp({ onDropped: (count) => dropped.push(count) });
      disk.full = true;

      for (let n = 0; n < 1_200; n += 100) await spool.hold(...items(100, n));

      expect(spool.size()).toBe(1_000);
      expect(spool.peek({ items: 1 })).toEqual([item(200)]);
      expect(dropped.reduce((sum, count) => sum + count, 0)).toBe(200);
    });

    it('asks for room and tries again as long as there is some', async () => {
      let room = 2;
      const { disk, spool } = await setUp({
        makeRoom: async () => {
          room -= 1;
          if (room === 0) disk.full = false;
          return room >= 0;
        },
      });
      disk.full = true;

      await spool.push(item(1));

      expect(spool.peek(all)).toEqual([item(1)]);
    });
  });
});
