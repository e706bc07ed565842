import { LONGEST_RETRY_AFTER_MS, readRetryAfter } from './retry-after.js';

const now = new Date('2026-11-21T08:00:00.000Z');

describe('Retry-After', () => {
  it.each([
    ['0', null, 0],
    ['7', null, 7_000],
    [' 120 ', null, 120_000],
    ['Sat, 21 Nov 2026 08:01:00 GMT', null, 60_000],
    ['Sat, 21 Nov 2026 07:59:00 GMT', null, 0],
    ['99999999999999999999', null, LONGEST_RETRY_AFTER_MS],
    ['Sun, 21 Nov 2027 08:00:00 GMT', null, LONGEST_RETRY_AFTER_MS],
  ])('%j is read, and is a quarter of an hour at most', (header, date, ms) => {
    expect(readRetryAfter(header, date ?? undefined, now)).toBe(ms);
  });

  it('as a date is meant by the clock of the receiver', () => {
    expect(readRetryAfter('Sat, 21 Nov 2026 09:00:30 GMT', 'Sat, 21 Nov 2026 09:00:00 GMT', now)).toBe(30_000);
  });

  it.each([[undefined], [''], ['soon'], ['-3'], ['1.5'], ['2026-11-21T08:01:00Z'], ['Sat, 99 Nov 2026 08:01:00 GMT']])('%j says nothing', (header) => {
    expect(readRetryAfter(header, undefined, now)).toBeNull();
  });
});
