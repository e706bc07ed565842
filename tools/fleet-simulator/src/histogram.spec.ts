import { createHistogram, type HistogramTally } from './histogram.js';

describe('the histogram of latencies', () => {
  it('knows any quantile to one percent', () => {
    const histogram = createHistogram();
    for (let ms = 1; ms <= 10_000; ms++) histogram.record(ms / 10);

    for (const share of [0.01, 0.5, 0.95, 0.99]) {
      const exact = share * 1_000;
      expect(Math.abs(histogram.quantile(share) - exact)).toBeLessThan(exact * 0.011);
    }
    expect(histogram.quantile(1)).toBe(1_000);
    expect(histogram.max()).toBe(1_000);
    expect(histogram.count()).toBe(10_000);
  });

  it('sums up what several processes recorded', () => {
    const [whole, odd, even] = [createHistogram(), createHistogram(), createHistogram()];
    for (let ms = 1; ms <= 1_000; ms++) for (const histogram of [whole, ms % 2 ? odd : even]) histogram.record(ms);
    const sum = createHistogram();
    for (const part of [odd, even]) sum.add(JSON.parse(JSON.stringify(part.tally())) as HistogramTally);

    expect([0.5, 0.95, 0.99].map(sum.quantile)).toEqual([0.5, 0.95, 0.99].map(whole.quantile));
    expect([sum.count(), sum.max()]).toEqual([1_000, 1_000]);
  });

  it('takes what is shorter than a microsecond and longer than an hour', () => {
    const histogram = createHistogram();
    histogram.record(0);
    histogram.record(5_000_000);

    expect(histogram.quantile(0.5)).toBeLessThan(0.01);
    expect(histogram.max()).toBe(5_000_000);
  });

  it('says 0 when nothing was recorded, also after a reset', () => {
    const histogram = createHistogram();
    histogram.record(7);
    histogram.reset();

    expect([histogram.quantile(0.99), histogram.max(), histogram.count()]).toEqual([0, 0, 0]);
  });
});
