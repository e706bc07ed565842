import { createFakeClock } from '@trawling/runtime/testing';
import { payloadWith } from '../testing/payloads.js';
import { fenceFor } from './fence.js';
import { healthOf } from './heartbeat.js';
import { createRepairLimit } from './repair-limit.js';
import { createWake } from './wake.js';

describe('fenceFor', () => {
  const fence = (policy: 'continue' | 'exits_only' | 'stop', seconds: number, gone = false) =>
    fenceFor({ payload: payloadWith({ offline_policy: policy, offline_after: 60 }), silentSeconds: seconds, gone });

  it('lets the bot trade while the lease is younger than offline_after', () => {
    expect([fence('stop', 59), fence('exits_only', 59), fence('continue', 59)]).toEqual(['none', 'none', 'none']);
  });

  it('holds the bot to its policy from then on', () => {
    expect([fence('stop', 60), fence('exits_only', 60), fence('continue', 1_000_000)]).toEqual(['stop', 'exits_only', 'none']);
  });

  it('stops a bot whose machine was replaced, whatever its policy', () => {
    expect(fence('continue', 0, true)).toBe('stop');
  });
});

describe('the repair limit', () => {
  it('allows three repairs of a path in ten minutes and the fourth after them', () => {
    const limit = createRepairLimit();
    for (const at of [0, 1000, 2000]) {
      expect(limit.exhausted(['a'], at)).toEqual([]);
      limit.record(['a'], at);
    }

    expect(limit.exhausted(['a', 'b'], 3000)).toEqual(['a']);
    expect(limit.exhausted(['a', 'b'], 600_001)).toEqual([]);
  });
});

describe('a wake', () => {
  const setUp = () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const wake = createWake(clock, stop.signal);
    const waited = async (ms: number) => {
      const started = clock.monotonicMs();
      await wake.wait(ms);
      return clock.monotonicMs() - started;
    };
    return { clock, stop, wake, waited };
  };

  it('waits as long as it was told when nobody rings', async () => {
    const { clock, waited } = setUp();
    const waiting = waited(1000);

    await clock.advance(5000);

    expect(await waiting).toBe(1000);
  });

  it('ends the wait when somebody rings, and only that one', async () => {
    const { clock, wake, waited } = setUp();
    const first = waited(1000);
    await clock.advance(300);

    wake.wake();

    expect(await first).toBe(300);
    const second = waited(1000);
    await clock.advance(1000);
    expect(await second).toBe(1000);
  });

  it('does not lose a ring that comes while nobody waits', async () => {
    const { wake, waited } = setUp();

    wake.wake();
    wake.wake();

    expect(await waited(1000)).toBe(0);
  });

  it('lends its bell to whoever waits for something else', () => {
    const { wake } = setUp();
    const bell = wake.bell();

    wake.wake();

    expect(bell.aborted).toBe(true);
    expect(wake.bell().aborted).toBe(true);
    expect(wake.bell().aborted).toBe(false);
  });

  it('ends the wait when everything stops', async () => {
    const { stop, waited } = setUp();
    const waiting = waited(1000);

    stop.abort();

    expect(await waiting).toBe(0);
  });
});

describe('healthOf', () => {
  const well = { gateway: 'ready', givenUpJobs: [], drift: [], failedVersion: null, fence: 'none', diskRefuses: false, openclaw: { wanted: '2026.9.6', running: '2026.9.6' }, draining: false } as const;

  it.each([
    ['everything runs', well, 'healthy'],
    ['the gateway starts', { ...well, gateway: 'starting' as const }, 'degraded'],
    ['the gateway is down', { ...well, gateway: 'down' as const }, 'unhealthy'],
    ['OpenClaw gave up on a job', { ...well, givenUpJobs: ['fleet:x'] }, 'degraded'],
    ['drift is left as it is', { ...well, drift: ['messages.prefix'] }, 'degraded'],
    ['a version failed', { ...well, failedVersion: '3' }, 'degraded'],
    ['a fence is up', { ...well, fence: 'stop' }, 'degraded'],
    ['the disk takes no reports', { ...well, diskRefuses: true }, 'degraded'],
  ])('is, when %s, as it should be', (_when, input, status) => {
    expect(healthOf(input).status).toBe(status);
  });

  it('tells of an OpenClaw that is not the one the config was made for, which is no fault', () => {
    const openclaw = { wanted: '2026.9.6', running: '2026.9.9' };

    expect(healthOf({ ...well, openclaw })).toEqual({ status: 'healthy', details: { gateway: 'ready', openclaw_version: openclaw } });
  });

  it('names the reasons', () => {
    expect(healthOf({ ...well, givenUpJobs: ['fleet:x'], drift: ['a.b'], failedVersion: '3' }).details).toEqual({
      gateway: 'ready',
      jobs_disabled_by_openclaw: ['fleet:x'],
      drifted_paths: ['a.b'],
      failed_version: '3',
    });
  });
});
