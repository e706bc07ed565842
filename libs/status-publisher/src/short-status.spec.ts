import { ShortStatus } from '@trawling/contracts';
import { shortStatus, shortWord } from './short-status.js';
import { anyStatus } from './testing/any-status.js';

describe('the short form', () => {
  it.each([
    ['healthy', 4, 3, 'Available'],
    ['healthy', 4, 4, 'Busy'],
    ['healthy', 4, 9, 'Busy'],
    ['healthy', 0, 0, 'Busy'],
    ['degraded', 4, 0, 'Degraded'],
    ['draining', 4, 0, 'Draining'],
    ['offline', 4, 0, 'Offline'],
  ] as const)('of a %s instance with a capacity of %i and %i tasks is %s', (status, concurrent_tasks, queue_length, word) => {
    expect(shortWord({ health: { status, details: {} }, capacity: { concurrent_tasks, queue_length } })).toBe(word);
  });

  it('has the members of the seed and no others', () => {
    const short = shortStatus(anyStatus());

    expect(short).toEqual({ agent_name: 'thumbnailer', status: 'Available', active_jobs: 1, timestamp: '2026-11-01T00:00:00.000Z' });
    expect(ShortStatus.parse(short)).toEqual(short);
  });
});
