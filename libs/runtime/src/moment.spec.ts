import { momentOf, msSince } from './moment.js';

describe('the time since a moment', () => {
  it.each([
    ['both clocks', 400, 400, 400],
    ['a host that was suspended, where only the wall clock moved on', 5, 600_000, 600_000],
    ['a wall clock that was set back', 700, -3_600_000, 700],
  ])('is what %s allow', (_what, monotonic, wall, expected) => {
    let passed = false;
    const clock = {
      monotonicMs: () => (passed ? 1_000 + monotonic : 1_000),
      now: () => new Date(1_700_000_000_000 + (passed ? wall : 0)),
    };
    const begun = momentOf(clock);
    passed = true;

    expect(msSince(clock, begun)).toBe(expected);
  });
});
