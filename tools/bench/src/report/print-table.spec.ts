import { formatNumber, printTable, rowsOf } from './print-table.js';
import { below, compared } from './result.js';

const results = {
  poll_304: compared({ value: 81_234.5, baseline: 90_000, unit: 'requests/s', atLeast: 0.7 }),
  fleet_poll_p99: below(61.27, 'ms', 50),
};

describe('the table of the benchmark', () => {
  it('has one row per result in Markdown', () => {
    expect(rowsOf(results)).toEqual([
      '| `poll_304` | 81,235 requests/s | 90,000 | 0.90 | ratio ≥ 0.7 | yes |',
      '| `fleet_poll_p99` | 61.3 ms |  |  | < 50 | **no** |',
    ]);
  });

  it('stands in columns on a terminal', () => {
    expect(printTable(results).split('\n')).toEqual([
      'name            value              baseline  ratio  target       met',
      'poll_304        81,235 requests/s  90,000    0.90   ratio ≥ 0.7  yes',
      'fleet_poll_p99  61.3 ms                             < 50         no',
    ]);
  });

  it.each([[0, '0'], [0.01234, '0.0123'], [99.96, '100'], [123_456, '123,456']])('writes %p as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
