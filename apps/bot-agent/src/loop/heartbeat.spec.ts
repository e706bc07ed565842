import { BotStatus } from '@trawling/contracts';
import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { type HeartbeatAnswer } from '../sync/sync-client.js';
import { SyncError } from '../sync/sync-error.js';
import { temporaryFolder } from '../testing/temporary-folder.js';
import { serverClockOn } from '../testing/test-clocks.js';
import { sendHeartbeats } from './heartbeat.js';
import { createWake } from './wake.js';

const folder = temporaryFolder();

describe('heartbeats', () => {
  async function setUp(answer: (count: number) => HeartbeatAnswer | SyncError) {
    const clock = createFakeClock('2026-11-21T08:00:00.000Z');
    const serverClock = await serverClockOn(folder.path('clock.json'), clock);
    const stop = new AbortController();
    const sent: BotStatus[] = [];
    const renewed: number[] = [];
    const tried: [number, boolean][] = [];
    let over = false;
    const running = sendHeartbeats({
      client: {
        heartbeat: async (status) => {
          sent.push(BotStatus.parse(status));
          const said = answer(sent.length);
          if (said instanceof SyncError) throw said;
          return said;
        },
      },
      status: () => ({
        agent_version: '1', openclaw_version: null, uptime_seconds: 1, applied_version: null, applied_hash: null,
        health: { status: 'healthy', details: {} }, gateway: { state: 'ready', restarts: 0 },
        ...(serverClock.offsetMs() === null ? {} : { clock_offset_ms: serverClock.offsetMs() ?? 0 }),
      }),
      bootId: '01939e7c-0000-7000-8000-000000000001',
      heartbeatSeconds: () => 30,
      onTried: ({ sequence }, answered) => void tried.push([sequence, answered]),
      onRenewed: async () => void renewed.push(clock.monotonicMs()),
      onUpdateAvailable: () => undefined,
      measure: async () => undefined,
      clock, serverClock, random: () => 0.5, logger: createMemoryLogger().logger, wake: createWake(clock, stop.signal), stop: stop.signal,
    }).finally(() => (over = true));
    /** What is learnt is written to a real disk, which a fake clock does not wait for. */
    const asleep = () => until(() => clock.sleeping() === 1 || over);
    await asleep();
    const end = async () => {
      stop.abort();
      await running;
    };
    return { clock, sent, renewed, tried, asleep, over: () => over, end };
  }
  const answered = (over: Partial<HeartbeatAnswer> = {}): HeartbeatAnswer => ({ updateAvailable: false, nextHeartbeatSeconds: 30, serverTime: null, ...over });

  it('learn the server’s time and go on by it', async () => {
    const { clock, sent, end } = await setUp(() => answered({ serverTime: '2026-11-22T08:00:00.000Z' }));

    await clock.advance(30_000);
    await end();

    expect(sent.map(({ sent_at, clock_offset_ms }) => [sent_at, clock_offset_ms])).toEqual([
      ['2026-11-21T08:00:00.000Z', undefined],
      ['2026-11-22T08:00:30.000Z', 86_400_000],
    ]);
  });

  it('count one up each, and slow down when an answer asks for it', async () => {
    const { clock, sent, asleep, end } = await setUp(() => answered({ nextHeartbeatSeconds: 90 }));

    await clock.advance(90_000);
    await asleep();
    await clock.advance(90_000);
    await end();

    expect(sent.map(({ sequence }) => sequence)).toEqual([0, 1, 2]);
  });

  it('wait as long as an overloaded server asks and a random part of as much again, and renew nothing by it', async () => {
    const { clock, sent, renewed, tried, end } = await setUp((count) => (count === 1 ? new SyncError({ kind: 'busy', code: 'unavailable', retryAfterMs: 7_000 }, 'later') : answered()));

    await clock.advance(10_499);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    await end();

    expect(sent).toHaveLength(2);
    expect(renewed).toEqual([10_500]);
    expect(tried).toEqual([[0, false], [1, true]]);
  });

  it('are over when the machine no longer speaks for its bot', async () => {
    const { sent, over, end } = await setUp(() => new SyncError({ kind: 'gone', code: 'bot-decommissioned' }, 'gone'));

    expect(over()).toBe(true);
    await end();

    expect(sent).toHaveLength(1);
  });
});
