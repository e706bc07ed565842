import fc from 'fast-check';
import { MAX_VERSIONS_AHEAD, nextVersion } from './next-version.js';

describe('nextVersion', () => {
  it.each([
    ['the bot has said nothing yet', 3, null, 4],
    ['the bot is behind', 3, 1, 4],
    ['the bot is up to date', 3, 3, 4],
    ['the bot knows more than a restored database', 3, 9, 10],
    ['the bot claims what cannot be', 3, 3 + MAX_VERSIONS_AHEAD + 1, 4],
  ])('when %s: desired %i, reported %j → %i', (_when, desired, highestReported, next) => {
    expect(nextVersion({ desired, highestReported })).toBe(next);
  });

  it('is above the desired version and above all that a bot may claim', () => {
    const version = fc.integer({ min: 1, max: 900_000_000 });
    fc.assert(fc.property(version, fc.integer({ min: -5, max: MAX_VERSIONS_AHEAD }), (desired, ahead) => {
      const next = nextVersion({ desired, highestReported: desired + ahead });
      expect(next).toBe(desired + Math.max(0, ahead) + 1);
    }));
  });

  it('ends with the numbers', () => {
    expect(() => nextVersion({ desired: 999_999_999, highestReported: null })).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });
});
