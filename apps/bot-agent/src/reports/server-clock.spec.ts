import { createFakeClock } from '@trawling/runtime/testing';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { serverClockOn } from '../testing/test-clocks.js';
import { type ServerClock } from './server-clock.js';

const folder = temporaryFolder();
const DAY_MS = 86_400_000;

describe('the server’s time on the machine', () => {
  /** True time starts at 08:00; the machine's clock is wrong by what `machine.wrongMs` says. */
  const setUp = async (wrongMs: number, boot?: string) => {
    const truth = createFakeClock('2026-11-21T08:00:00.000Z');
    const machine = { wrongMs };
    const open = (bootId = boot) => serverClockOn(folder.path('clock.json'), truth, { ...(bootId ? { boot: bootId } : {}), wrongMs: () => machine.wrongMs });
    const clock = await open();
    /** A heartbeat that takes so long there and back. */
    const beat = async (thereMs = 0, backMs = 0, to: ServerClock = clock) => {
      const sentMs = truth.monotonicMs();
      await truth.advance(thereMs);
      const serverTime = truth.now().toISOString();
      await truth.advance(backMs);
      await to.heard({ serverTime, sentMs, receivedMs: truth.monotonicMs() });
    };
    const errorMs = () => clock.now().getTime() - truth.now().getTime();
    return { truth, machine, clock, beat, errorMs, open };
  };

  it.each([['behind', -DAY_MS], ['ahead', DAY_MS], ['right', 0]])('is the machine’s own until the server answers, and right from then on, when that is %s', async (_how, wrongMs) => {
    const { clock, beat, errorMs } = await setUp(wrongMs);
    expect([errorMs(), clock.offsetMs()]).toEqual([wrongMs, null]);

    await beat();

    expect(errorMs()).toBe(0);
    expect(clock.offsetMs()).toBe(-wrongMs || 0);
  });

  it('is not moved by somebody who sets the machine’s clock', async () => {
    const { machine, beat, errorMs, clock } = await setUp(0);
    await beat();

    machine.wrongMs = 3 * DAY_MS;

    expect(errorMs()).toBe(0);
    expect(clock.offsetMs()).toBe(-3 * DAY_MS);
  });

  it('is wrong by no more than half of the way there and back, and gets better with a quicker answer', async () => {
    const { beat, errorMs } = await setUp(DAY_MS);

    await beat(0, 4_000);
    expect(Math.abs(errorMs())).toBe(2_000);
    await beat(10, 10);
    expect(errorMs()).toBe(0);
    await beat(0, 4_000);
    expect(errorMs()).toBe(0);
  });

  it('follows a machine that slept', async () => {
    const { beat, clock, truth } = await setUp(0);
    await beat(5, 5);
    const later = truth.now().getTime() + 3_600_000;

    await clock.heard({ serverTime: new Date(later).toISOString(), sentMs: truth.monotonicMs(), receivedMs: truth.monotonicMs() });

    expect(clock.now().getTime()).toBe(later);
  });

  it('gives each report a time of its own, never before the one made before it', async () => {
    const { clock, beat } = await setUp(0);
    const stamp = () => Date.parse(clock.stamp().timestamp);
    const times = [stamp(), stamp(), stamp()];
    await beat(0, 300);
    times.push(stamp(), stamp());
    await beat(300, 0);
    times.push(stamp(), stamp());

    for (const [n, time] of times.entries()) if (n > 0) expect(time).toBeGreaterThan(times[n - 1] ?? 0);
  });

  it('knows the time at once in the next process of the same boot, and not in another boot', async () => {
    const { beat, open } = await setUp(DAY_MS);
    await beat();

    expect((await open()).offsetMs()).toBe(-DAY_MS);
    expect((await open('boot-2')).offsetMs()).toBeNull();
  });

  it('settles what was stamped before the first answer, also by a process before this one, the same each time', async () => {
    const { clock, beat, truth, open } = await setUp(-DAY_MS);
    const when = truth.now().toISOString();
    const stamp = clock.stamp();
    await truth.advance(60_000);
    const next = await open();

    await beat(0, 0, next);
    const first = next.settle(stamp);
    await truth.advance(60_000);
    await next.heard({ serverTime: new Date(truth.now().getTime() + 9_000).toISOString(), sentMs: truth.monotonicMs(), receivedMs: truth.monotonicMs() });

    expect(first).toBe(when);
    expect(next.settle(stamp)).toBe(first);
  });

  it('keeps apart what was stamped in the same millisecond before the first answer', async () => {
    const { clock, beat } = await setUp(DAY_MS);
    const stamps = [clock.stamp(), clock.stamp(), clock.stamp()];

    await beat();

    expect(new Set(stamps.map(clock.settle)).size).toBe(3);
  });

  it('does not put what another boot stamped into the future', async () => {
    const { clock, beat, truth, open } = await setUp(DAY_MS);
    const stamp = clock.stamp();
    const next = await open('boot-2');

    await beat(0, 0, next);

    expect(next.settle(stamp)).toBe(truth.now().toISOString());
  });

  it('does not put what another boot stamped before 2024, and keeps it apart', async () => {
    const { clock, beat, truth, open } = await setUp(-Date.parse('2026-11-21T08:00:00.000Z'));
    await truth.advance(30_000);
    const stamps = [clock.stamp(), clock.stamp()];
    const next = await open('boot-2');

    await beat(0, 0, next);

    expect(stamps[0]?.timestamp).toMatch(/^1970-/);
    expect(stamps.map(next.settle)).toEqual(['2024-01-01T00:00:30.000Z', '2024-01-01T00:00:30.001Z']);
  });

  it('translates times of the machine’s own clock', async () => {
    const { clock, beat, truth, machine } = await setUp(DAY_MS);
    const when = truth.now();
    const before = clock.stampOf(when.getTime() + machine.wrongMs);
    await truth.advance(10_000);
    await beat();

    expect(clock.settle(before)).toBe(when.toISOString());
    expect(clock.stampOf(when.getTime() + machine.wrongMs)).toEqual({ timestamp: when.toISOString() });
  });
});
