import { copyFile, stat, truncate } from 'node:fs/promises';
import { type Clock } from '@trawling/runtime';

const LOOK_EVERY_MS = 10_000;
export const MAX_LOG_BYTES = 5 * 1024 * 1024;

/**
 * Keeps each log at `maxBytes` plus one older part (`<file>.1`) until `signal` aborts. The writers hold the files open
 * in append mode, so they are copied and emptied rather than renamed; lines written in between may be lost.
 */
export async function boundLogs(clock: Clock, files: string[], signal: AbortSignal, maxBytes = MAX_LOG_BYTES): Promise<void> {
  while (!signal.aborted) {
    for (const file of files) await boundLog(file, maxBytes);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

export async function boundLog(file: string, maxBytes: number): Promise<void> {
  const size = await stat(file).then((s) => s.size, () => 0);
  if (size <= maxBytes) return;
  await copyFile(file, `${file}.1`);
  await truncate(file, 0);
}
