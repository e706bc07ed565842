import { leaseSeconds } from './lease.js';
import { type SilentBot, silenceVerdict } from './presence.js';

const now = new Date('2026-11-21T08:00:00.000Z');
const leaseMs = 100_000;
const silentFor = (ms: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ botId: `bot-${ms}-${n}`, leaseExpiresAt: new Date(now.getTime() - ms), leaseMs }));

describe('calling bots offline', () => {
  it('is done for a few of many, when others had the time of a heartbeat interval to fall silent with them', () => {
    const silent = [...silentFor(leaseMs / 3 + 1, 3), ...silentFor(leaseMs / 3 - 1, 2)];

    expect(silenceVerdict({ silent, online: 10, calledOffline: 0, now })).toEqual({ offline: silentFor(leaseMs / 3 + 1, 3).map((bot) => bot.botId), held: false });
  });

  it('waits one more lease when more than half of the fleet fell silent', () => {
    expect(silenceVerdict({ silent: silentFor(leaseMs / 2, 6), online: 10, calledOffline: 0, now })).toEqual({ offline: [], held: true });
  });

  it('counts those who were called offline within the last lease', () => {
    expect(silenceVerdict({ silent: silentFor(leaseMs / 2, 3), online: 7, calledOffline: 3, now })).toEqual({ offline: [], held: true });
    expect(silenceVerdict({ silent: silentFor(leaseMs / 2, 3), online: 8, calledOffline: 2, now }).held).toBe(false);
  });

  it('is done after that lease, each bot by its own', () => {
    const silent = [...silentFor(leaseMs, 6), ...silentFor(leaseMs - 1, 1)];

    expect(silenceVerdict({ silent, online: 10, calledOffline: 0, now })).toEqual({ offline: silentFor(leaseMs, 6).map((bot) => bot.botId), held: true });
    expect(silenceVerdict({ silent: silentFor(leaseMs, 10), online: 10, calledOffline: 0, now }).held).toBe(false);
  });

  it('is done at once in a fleet so small that it may well be off', () => {
    expect(silenceVerdict({ silent: silentFor(1, 9), online: 9, calledOffline: 0, now }).offline).toHaveLength(9);
  });

  it('has nothing to say about a fleet that speaks', () => {
    expect(silenceVerdict({ silent: [], online: 100, calledOffline: 0, now })).toEqual({ offline: [], held: false });
  });

  it.each([0, 1_300, 4_999])('calls nobody offline before its second lease is over when all fall silent in one moment, swept every 5 s from %i ms on', (firstSweepMs) => {
    const interval = 33_000;
    const lease = leaseSeconds(30) * 1000;
    const bots: SilentBot[] = Array.from({ length: 10_000 }, (_, n) => ({
      botId: String(n), leaseExpiresAt: new Date(now.getTime() + (n * interval) / 10_000), leaseMs: lease,
    }));
    const calledAt = new Map<string, number>();
    let wasHeld = false;

    for (let at = now.getTime() + firstSweepMs; calledAt.size < bots.length; at += 5_000) {
      const verdict = silenceVerdict({
        silent: bots.filter(({ botId, leaseExpiresAt }) => leaseExpiresAt.getTime() <= at && !calledAt.has(botId)),
        online: bots.length - calledAt.size,
        calledOffline: [...calledAt.values()].filter((since) => since > at - lease).length,
        now: new Date(at),
      });
      for (const botId of verdict.offline) calledAt.set(botId, at);
      wasHeld ||= verdict.held;
    }

    expect(wasHeld).toBe(true);
    expect(bots.filter(({ botId, leaseExpiresAt }) => (calledAt.get(botId) ?? 0) < leaseExpiresAt.getTime() + lease)).toEqual([]);
  });
});
