import { atMost, below, compared, median, reduced } from './result.js';

describe('a result of the benchmark', () => {
  it('is a ratio to its baseline where there is one', () => {
    expect(compared({ value: 90, baseline: 100, unit: 'requests/s', atLeast: 0.7 })).toEqual({
      value: 90, unit: 'requests/s', baseline: 100, ratio: 0.9, target: 'ratio ≥ 0.7', met: true,
    });
    expect(compared({ value: 60, baseline: 100, unit: 'requests/s', atLeast: 0.7 }).met).toBe(false);
  });

  it('turns the ratio round where less is better', () => {
    expect(reduced({ value: 0.05, baseline: 1, unit: 'commits/request', atLeast: 10 })).toMatchObject({ ratio: 20, met: true });
  });

  it.each([
    [49.9, 50, true],
    [50, 50, false],
    [0, 0, true],
    [1, 0, false],
  ])('%p against a bound of %p is met: %p', (value, bound, met) => {
    expect(below(value, 'ms', bound).met).toBe(met);
  });

  it('can include its bound', () => {
    expect(atMost(3, 'requests', 3)).toMatchObject({ target: '≤ 3', met: true });
    expect(atMost(3.01, 'requests', 3).met).toBe(false);
  });

  it('never meets a target with a baseline that did nothing', () => {
    expect(compared({ value: 10, baseline: 0, unit: 'requests/s', atLeast: 1 }).met).toBe(false);
    expect(reduced({ value: 0, baseline: 1, unit: 'commits/request', atLeast: 10 }).met).toBe(false);
  });

  it('takes the median of odd and even numbers of runs, and of none throws', () => {
    expect([median([3]), median([9, 1, 5]), median([4, 1, 2, 3])]).toEqual([3, 5, 2.5]);
    expect(() => median([])).toThrow('nothing');
  });
});
