import fc from 'fast-check';
import { createTaskWindow } from './task-window.js';

const WINDOW_MS = 300_000;
const ends = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 60_000 }), ok: fc.boolean() }), { maxLength: 200 });

describe('the window over ended tasks', () => {
  it('counts every task of the window, and none that ended longer ago than it', () => {
    fc.assert(fc.property(ends, (tasks) => {
      const window = createTaskWindow(WINDOW_MS);
      let now = 0;
      const log = tasks.map(({ afterMs, ok }) => {
        window.add((now += afterMs), ok);
        return { atMs: now, ok };
      });

      const { ended, failed } = window.counts(now);
      // In slices of ten seconds: what is older by less than one of them may be gone already.
      const sure = log.filter(({ atMs }) => now - atMs <= WINDOW_MS - 10_000);
      const possible = log.filter(({ atMs }) => now - atMs <= WINDOW_MS);
      expect(ended).toBeGreaterThanOrEqual(sure.length);
      expect(ended).toBeLessThanOrEqual(possible.length);
      expect(failed).toBeGreaterThanOrEqual(sure.filter(({ ok }) => !ok).length);
      expect(failed).toBeLessThanOrEqual(possible.filter(({ ok }) => !ok).length);
    }));
  });

  it('is empty again when nothing ended for its length', () => {
    const window = createTaskWindow(WINDOW_MS);
    window.add(0, false);

    expect(window.counts(WINDOW_MS)).toEqual({ ended: 0, failed: 0 });
  });
});
