import { createFakeClock } from '@trawling/runtime/testing';
import { createWake } from '../loop/wake.js';
import { createStatusNews, type News, newsOf } from './status-news.js';

const WELL: News = { health: { status: 'healthy', details: {} }, capabilities: ['jobs.run', 'strategy.trend'], capacity: { concurrent_tasks: 3, queue_length: 0 } };
const BUSY: News = { ...WELL, capacity: { concurrent_tasks: 3, queue_length: 3 } };

describe('what has to be told at once', () => {
  it.each([
    ['another health', { health: { status: 'degraded' as const, details: {} } }],
    ['a capability less', { capabilities: ['jobs.run'] }],
    ['no room any more', { capacity: { concurrent_tasks: 3, queue_length: 3 } }],
  ])('is %s', (_what, over) => {
    expect(newsOf({ ...WELL, ...over })).not.toBe(newsOf(WELL));
  });

  it.each([
    ['the length of a queue with room', { capacity: { concurrent_tasks: 3, queue_length: 2 } }],
    ['the reasons of the same health', { health: { status: 'healthy' as const, details: { why: 'else' } } }],
    ['the order of the same capabilities', { capabilities: ['strategy.trend', 'jobs.run'] }],
  ])('is not %s', (_what, over) => {
    expect(newsOf({ ...WELL, ...over })).toBe(newsOf(WELL));
  });
});

describe('the bell for news', () => {
  const setUp = () => {
    const clock = createFakeClock();
    const stop = new AbortController();
    const wake = createWake(clock, stop.signal);
    const rings: number[] = [];
    let status = WELL;
    const news = createStatusNews({ status: () => status, ring: () => rings.push(clock.monotonicMs()), wake, clock, stop: stop.signal });
    const running = news.run();
    const become = async (next: News) => {
      status = next;
      wake.wake();
      await clock.advance(0);
    };
    const end = async () => {
      stop.abort();
      await running;
    };
    return { clock, news, rings, become, end };
  };

  it('rings as soon as something changed that was told otherwise, and once', async () => {
    const { clock, news, rings, become, end } = setUp();
    news.told(WELL, true);

    await become(BUSY);
    await clock.advance(60_000);
    await end();

    expect(rings).toEqual([0]);
  });

  it('finds within seconds what changed without anybody saying so', async () => {
    const { clock, news, rings, become, end } = setUp();
    await clock.advance(1_000);
    news.told(BUSY, true);
    await become(BUSY);
    news.told(WELL, true);

    await clock.advance(5_000);
    await end();

    expect(rings).toEqual([6_000]);
  });

  it('rings at most every five seconds for what flaps', async () => {
    const { clock, news, rings, become, end } = setUp();
    news.told(WELL, true);

    for (let turn = 0; turn < 40; turn += 1) {
      await become(turn % 2 === 0 ? BUSY : WELL);
      await clock.advance(500);
    }
    await end();

    expect(rings.length).toBeLessThanOrEqual(4);
    expect(rings.every((at, index) => index === 0 || at - (rings[index - 1] ?? 0) >= 5_000)).toBe(true);
  });

  it('is silent before the first heartbeat and while none gets through, so that no wait is cut short', async () => {
    const { clock, news, rings, become, end } = setUp();

    await become(BUSY);
    news.told(BUSY, true);
    news.told(BUSY, false);
    await become(WELL);
    await clock.advance(60_000);
    await end();

    expect(rings).toEqual([]);
  });
});
