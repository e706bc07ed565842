import { type Clock } from '@trawling/runtime';

/** Rows of one page at DigitalOcean. */
const PAGE = 200;
/** A list of one page is read anew after this many milliseconds, */
const EVERY_MS = 10_000;
/** and each page more adds these: lists take at most a fifth of 5,000 requests an hour. */
const EVERY_MS_PER_PAGE = 3_600;
/** What `recent` still takes, in milliseconds. An older list, or none, is overdue: somebody waits for it. */
const RECENT_MS = 120_000;

/** How long one list of so many rows is good for, in milliseconds. */
export const listEveryMs = (rows: number): number => EVERY_MS + EVERY_MS_PER_PAGE * Math.max(0, Math.ceil(rows / PAGE) - 1);

/** One reading at a time, shared by everybody who asks meanwhile and for a while after; the larger the list, the longer. */
export function createSharedList(deps: { clock: Pick<Clock, 'monotonicMs'>; read: (isOverdue: boolean) => Promise<number> }) {
  const { clock, read } = deps;
  let last: { startedAtMs: number; rows: number } | null = null;
  let running: Promise<void> | null = null;

  const start = (): Promise<void> => {
    const startedAtMs = clock.monotonicMs();
    running ??= read(ageMs() > RECENT_MS).then((rows) => void (last = { startedAtMs, rows })).finally(() => void (running = null));
    return running;
  };
  const ageMs = (): number => (last ? clock.monotonicMs() - last.startedAtMs : Infinity);
  const isDue = (): boolean => last === null || ageMs() >= listEveryMs(last.rows);

  return {
    /** Throws when the reading fails. */
    async fresh(): Promise<void> {
      if (isDue()) await start();
    },
    /** Does not wait for DigitalOcean while there is a reading of the last two minutes. */
    async recent(): Promise<void> {
      if (!isDue()) return;
      const reading = start();
      if (ageMs() > RECENT_MS) return reading;
      // Whoever needs it fresh meets the same failure.
      reading.catch(() => undefined);
    },
  };
}
