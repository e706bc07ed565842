import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock } from '@trawling/runtime';

const EVERY_MS = 3_000;
/** Of openclaw 2026.9.6 with its dependencies; only for the eye. */
const EXPECTED_FILES = 41_000;

/** Says every few seconds how many files an installation has so far: npm itself says nothing when it is not on a terminal. */
export function watchInstall(input: { folder: string; clock: Clock; onProgress: (line: string) => void }): { stop: () => Promise<void> } {
  const stopping = new AbortController();
  const begun = input.clock.monotonicMs();
  const watching = (async () => {
    for (;;) {
      await input.clock.sleep(EVERY_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      const files = await countFiles(join(input.folder, 'node_modules'), stopping.signal);
      const seconds = Math.round((input.clock.monotonicMs() - begun) / 1000);
      if (!stopping.signal.aborted) {
        input.onProgress(`Installing OpenClaw: ${files.toLocaleString('en')} of about ${EXPECTED_FILES.toLocaleString('en')} files, ${seconds} s`);
      }
    }
  })();
  return {
    stop: () => {
      stopping.abort();
      return watching;
    },
  };
}

async function countFiles(folder: string, signal: AbortSignal): Promise<number> {
  let files = 0;
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined && !signal.aborted; next = folders.pop()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory()) folders.push(join(next, entry.name));
      else files += 1;
    }
  }
  return files;
}
