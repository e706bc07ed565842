import fc from 'fast-check';
import { isOnline, leaseSeconds } from './lease.js';

describe('the lease', () => {
  it('survives two lost heartbeats and the longest jitter of the third', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 3600 }), (interval) => {
      expect(leaseSeconds(interval)).toBeGreaterThan(3 * interval * 1.1);
    }));
  });

  it('still ends soon: within four intervals and the margin', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 3600 }), (interval) => {
      expect(leaseSeconds(interval)).toBeLessThanOrEqual(4 * interval + 11);
    }));
  });
});

describe('isOnline', () => {
  const now = new Date('2026-11-21T08:00:00.000Z');

  it.each([
    ['there is no lease', null, false],
    ['the lease ended', new Date(now.getTime() - 1), false],
    ['the lease ends now', now, false],
    ['the lease ends in the future', new Date(now.getTime() + 1), true],
  ])('when %s: %s → %s', (_, lease, online) => {
    expect(isOnline(lease, now)).toBe(online);
  });
});
