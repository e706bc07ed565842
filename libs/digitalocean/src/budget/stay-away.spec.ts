import { stayAwayMs } from './stay-away.js';

const now = Date.parse('2026-11-21T12:00:00Z');
/** Their clock is a day behind ours. */
const date = 'Fri, 20 Nov 2026 12:00:00 GMT';
const theirNow = Date.parse(date) / 1000;

describe('after a 429', () => {
  it.each([
    ['the seconds of retry-after', { 'retry-after': '42' }, 42_000],
    ['the date of retry-after, by their own clock', { date, 'retry-after': 'Fri, 20 Nov 2026 12:00:20 GMT' }, 20_000],
    ['no more than an hour, whatever it says', { 'retry-after': '86400' }, 3_600_000],
    ['until the oldest request expires, by their own clock', { date, 'ratelimit-reset': String(theirNow + 25) }, 25_000],
    ['a minute at most for the window of the hour: worth one look', { date, 'ratelimit-reset': String(theirNow + 3_000) }, 60_000],
    ['some seconds for a reset in the past (Prism answers 2015)', { 'ratelimit-reset': '1444931833' }, 15_000],
    ['some seconds for nonsense', { 'retry-after': 'soon', 'ratelimit-reset': 'later' }, 15_000],
    ['some seconds when nothing is said', {}, 15_000],
  ])('waits %s', (_what, headers, expected) => {
    expect(stayAwayMs(headers, now)).toBe(expected);
  });
});
