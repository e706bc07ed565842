import { z } from 'zod';
import { readJson, writePrivately } from './state-dir.js';

/** One line of processes.json: enough to recognise the process later and to decide whether it is still the right one. */
export const ProcessRecord = z.object({
  name: z.string(),
  pid: z.int(),
  /** Start time as the system gives it; with the pid it names one process for good. */
  started: z.string(),
  /** Digest of the program and its settings. */
  build: z.string(),
  log: z.string(),
});
export type ProcessRecord = z.infer<typeof ProcessRecord>;

export type Records = {
  all: () => ProcessRecord[];
  get: (name: string) => ProcessRecord | null;
  put: (record: ProcessRecord) => void;
  remove: (name: string) => void;
};

/** processes.json, written through with every change: what a launcher started must be found after it was killed. */
export function openRecords(file: string): Records {
  const read = (): ProcessRecord[] => {
    try {
      return readJson(file, z.array(ProcessRecord)) ?? [];
    } catch {
      return []; // not ours any more: the markers in the processes' environment still find them
    }
  };
  const records = new Map(read().map((record) => [record.name, record]));
  const save = (): void => writePrivately(file, `${JSON.stringify([...records.values()], null, 2)}\n`);
  return {
    all: () => [...records.values()],
    get: (name) => records.get(name) ?? null,
    put: (record) => (records.set(record.name, record), save()),
    remove: (name) => (records.delete(name), save()),
  };
}
