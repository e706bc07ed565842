/** Tasks that ended in the last while, counted. */
export type TaskCounts = { ended: number; failed: number };

export type TaskWindow = {
  add: (atMs: number, ok: boolean) => void;
  counts: (atMs: number) => TaskCounts;
};

const SLICES = 30;

/** Counts over a sliding window in slices of a thirtieth of it: memory does not grow with the number of tasks. Times by a monotonic clock. */
export function createTaskWindow(windowMs: number): TaskWindow {
  const sliceMs = windowMs / SLICES;
  const slices: (TaskCounts & { number: number })[] = [];
  const forget = (atMs: number): void => {
    while (slices[0] && slices[0].number <= Math.floor(atMs / sliceMs) - SLICES) slices.shift();
  };
  return {
    add(atMs, ok) {
      const number = Math.floor(atMs / sliceMs);
      let slice = slices.at(-1);
      if (slice?.number !== number) slices.push((slice = { number, ended: 0, failed: 0 }));
      slice.ended += 1;
      if (!ok) slice.failed += 1;
      forget(atMs);
    },
    counts(atMs) {
      forget(atMs);
      return slices.reduce((sum, { ended, failed }) => ({ ended: sum.ended + ended, failed: sum.failed + failed }), { ended: 0, failed: 0 });
    },
  };
}
