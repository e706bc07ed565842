import { type Host } from '../host.js';
import { decodeRecords } from './spool-records.js';

export interface SpoolFiles {
  /** What lay there when it was opened, oldest first. */
  records: { file: number; value: unknown }[];
  /** Appends `count` records; the number of the file they are in. Throws when the disk does not take them; then none is there. */
  append(text: string, count: number): Promise<number>;
  /** One record of that file is no longer needed. */
  release(file: number): void;
  /** Removes the files nobody needs a record of. */
  sweep(): Promise<void>;
  bytes(): number;
}

const FILE_NAME = /^(\d{10})\.log$/;

/**
 * Numbered files of records, appended to and never rewritten: one goes when all its records were released, so that
 * nothing needs room to make room. A file whose end is not whole is never appended to again.
 */
export async function openSpoolFiles(host: Host, dir: string, fileBytes: number): Promise<SpoolFiles> {
  const files = new Map<number, { bytes: number; needed: number }>();
  const records: SpoolFiles['records'] = [];
  let active: number | null = null;
  let last = 0;

  const pathOf = (file: number) => `${dir}/${String(file).padStart(10, '0')}.log`;
  const remove = async (file: number) => {
    if (file === active) active = null;
    await host.remove(pathOf(file));
    files.delete(file);
  };
  /** One that cannot be removed now costs duplicates after a restart; the next sweep tries again. */
  const sweep = async () => {
    for (const [file, { needed }] of files) if (needed === 0) await remove(file).catch(() => undefined);
  };

  for (const name of (await host.list(dir)).sort()) {
    const file = Number(FILE_NAME.exec(name)?.[1] ?? NaN);
    if (Number.isNaN(file)) continue;
    const text = (await host.readText(pathOf(file))) ?? '';
    const { values, damaged } = decodeRecords(text);
    files.set(file, { bytes: Buffer.byteLength(text), needed: values.length });
    for (const value of values) records.push({ file, value });
    last = file;
    active = damaged === 0 && text.endsWith('\n') ? file : null;
  }

  return {
    records,
    append: async (text, count) => {
      if (active === null || (files.get(active)?.bytes ?? 0) >= fileBytes) active = ++last;
      const file = active;
      const known = files.get(file) ?? { bytes: 0, needed: 0 };
      files.set(file, known);
      try {
        await host.append(pathOf(file), text);
      } catch (error) {
        active = null;
        // Whoever is refused says it all again: what was written of it must not be found after a restart.
        await host.truncate(pathOf(file), known.bytes).catch(() => undefined);
        known.bytes = (await host.fileSize(pathOf(file)).catch(() => null)) ?? known.bytes;
        await sweep();
        throw error;
      }
      known.bytes += Buffer.byteLength(text);
      known.needed += count;
      return file;
    },
    release: (file) => {
      const known = files.get(file);
      if (known) known.needed -= 1;
    },
    sweep,
    bytes: () => [...files.values()].reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
