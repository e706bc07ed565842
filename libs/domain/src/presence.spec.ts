import { silenceVerdict } from './presence.js';

const now = new Date('2026-11-21T08:00:00.000Z');
const leaseMs = 100_000;
const silentFor = (ms: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ botId: `bot-${ms}-${n}`, leaseExpiresAt: new Date(now.getTime() - ms), leaseMs }));

describe('calling bots offline', () => {
  it('is done at once for a few of many', () => {
    const silent = silentFor(1, 5);

    expect(silenceVerdict({ silent, online: 10, now })).toEqual({ offline: silent.map((bot) => bot.botId), held: false });
  });

  it('waits one more lease when more than half of the fleet fell silent', () => {
    expect(silenceVerdict({ silent: silentFor(1, 6), online: 10, now })).toEqual({ offline: [], held: true });
  });

  it('is done after that lease, each bot by its own', () => {
    const silent = [...silentFor(leaseMs, 6), ...silentFor(leaseMs - 1, 1)];

    expect(silenceVerdict({ silent, online: 10, now })).toEqual({ offline: silentFor(leaseMs, 6).map((bot) => bot.botId), held: true });
    expect(silenceVerdict({ silent: silentFor(leaseMs, 10), online: 10, now }).held).toBe(false);
  });

  it('is done at once in a fleet so small that it may well be off', () => {
    expect(silenceVerdict({ silent: silentFor(1, 9), online: 9, now }).offline).toHaveLength(9);
  });

  it('has nothing to say about a fleet that speaks', () => {
    expect(silenceVerdict({ silent: [], online: 100, now })).toEqual({ offline: [], held: false });
  });
});
