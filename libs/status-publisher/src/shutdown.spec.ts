import { type Clock, type Logger, systemClock } from '@trawling/runtime';
import { createFakeClock, createMemoryLogger, until } from '@trawling/runtime/testing';
import { openInstance } from './open-instance.js';
import { fixedRegistration } from './registration.js';
import { type Outcome } from './outcome.js';
import { type PublishEvent } from './publish-telemetry.js';
import { behaviours, startTestReceiver, type TestReceiver } from './testing/index.js';
import { arrived, failed, never, openPublisherBed } from './testing/publisher-bed.js';

describe('stopping', () => {
  it('says draining, then offline, and takes no time when they arrive', async () => {
    const { clock, sent, publisher } = openPublisherBed();
    await clock.advance(10_000);

    expect(await publisher.stop()).toBe(true);

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [10, 'draining'], [10, 'offline']]);
  });

  it('does not say draining again', async () => {
    const { clock, sent, publisher, drain } = openPublisherBed();
    await clock.advance(10_000);
    drain();
    await clock.advance(20_000);

    await publisher.stop();

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [10, 'draining'], [30, 'offline']]);
  });

  it('says offline again while there is time, when the receiver fails for a moment', async () => {
    const { bed, clock, sent, publisher } = openPublisherBed({ random: 1 });
    await clock.advance(10_000);
    bed.answer = () => failed('server-error');

    const stopped = publisher.stop();
    await clock.advance(250);
    bed.answer = () => arrived;
    await clock.advance(50);

    expect(await stopped).toBe(true);
    expect(sent.map(({ second, health }) => [second, health]).slice(1)).toEqual([[10, 'draining'], [10, 'offline'], [10.1, 'offline'], [10.3, 'offline']]);
  });

  it('gives a status up that is in flight and out of date', async () => {
    const { bed, clock, sent, events, publisher } = openPublisherBed({ answer: never });
    await clock.advance(1_000);
    bed.answer = () => arrived;

    expect(await publisher.stop()).toBe(true);

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [1, 'draining'], [1, 'offline']]);
    expect(events.map(({ reason, attempt }) => [reason, attempt])).toEqual([['given-up', 1], [null, 1], [null, 1]]);
  });

  it('waits for a draining that is in flight, half of its time', async () => {
    const { bed, clock, sent, publisher, drain } = openPublisherBed();
    await clock.advance(10_000);
    bed.answer = never;
    drain();
    await clock.advance(1_000);

    const stopped = publisher.stop();
    await clock.advance(1_499);
    expect(sent.map(({ health }) => health)).toEqual(['healthy', 'draining']);
    bed.answer = () => arrived;
    await clock.advance(1);

    expect(await stopped).toBe(true);
    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [10, 'draining'], [12.5, 'offline']]);
  });

  it.each<[string, () => Outcome | Promise<Outcome>]>([
    ['never answers', never],
    ['fails', () => failed('server-error')],
    ['resets', () => failed('network')],
    ['throttles for an hour', () => failed('throttled', 3_600_000)],
    ['refuses', () => failed('unauthorized')],
    ['is none', () => failed('not-a-receiver')],
  ])('is over after three seconds to the millisecond at most, when the receiver %s, and offline was tried', async (_, answer) => {
    const { clock, sent, publisher } = openPublisherBed({ answer });
    await clock.advance(1_000);
    let over = false;

    const stopped = publisher.stop().then((told) => {
      over = true;
      return told;
    });
    await clock.advance(3_000);

    expect(over).toBe(true);
    expect(await stopped).toBe(false);
    expect(sent.at(-1)?.health).toBe('offline');
    const count = sent.length;
    await clock.advance(1_000_000);
    expect(sent).toHaveLength(count);
  });

  it.each([['before', 0], ['while draining is said', 100], ['while offline is said', 2_000]])('ends at once at a second signal, %s', async (_, afterMs) => {
    const { clock, publisher } = openPublisherBed({ answer: never });
    await clock.advance(1_000);
    const second = new AbortController();
    const stopped = publisher.stop(afterMs === 0 ? AbortSignal.abort() : second.signal);
    await clock.advance(afterMs);

    second.abort();

    // No time passes any more: this would hang if it waited for any.
    expect(await stopped).toBe(false);
  });

  it('can be hurried by a second call with a signal', async () => {
    const { publisher } = openPublisherBed({ answer: never });
    const stopped = publisher.stop();

    await publisher.stop(AbortSignal.abort());

    expect(await stopped).toBe(false);
  });
});

describe('stopping towards a real receiver that', () => {
  let receiver: TestReceiver;
  let events: PublishEvent[];

  const open = (clock: Clock, shutdownMs?: number, logger: Logger = createMemoryLogger().logger) =>
    openInstance({
      serviceName: 'thumbnailer',
      version: '1.2.3',
      registration: fixedRegistration({ agents: [] }),
      probes: { concurrentTasks: () => 4, queueLength: () => 0 },
      env: { OPENCLAW_BASE_URL: receiver.url, OPENCLAW_API_KEY: 'k', OPENCLAW_PUBLISH_SECONDS: 30 },
      logger,
      clock,
      random: () => 0.5,
      onEvent: (event) => events.push(event),
      ...(shutdownMs === undefined ? {} : { shutdownMs }),
    });
  /** The first status was answered, and the answer understood. */
  const settled = () => until(() => events.length === 1);

  beforeEach(async () => {
    events = [];
    receiver = await startTestReceiver();
  });
  afterEach(() => receiver.close());

  it.each(['hangs', 'hangsInItsAnswer', 'resets', 'breaksOff', 'redirects', 'answersAPage', 'fails', 'throttles', 'refusesTheKey', 'doesNotKnowThePath', 'answersTooMuch'] as const)(
    '%s has heard draining and offline, and is over within its three seconds',
    async (name) => {
      const clock = createFakeClock();
      const instance = open(clock);
      await settled();
      receiver.behave(behaviours[name]);

      const stopped = instance.stop();
      await until(() => receiver.healths().includes('draining'));
      await clock.advance(1_500);
      await until(() => receiver.healths().includes('offline'));
      await clock.advance(1_500);
      await stopped;

      const sequences = receiver.received().map(({ sequence }) => sequence);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      expect(receiver.healths().slice(0, 3)).toEqual(['healthy', 'draining', 'offline']);
      expect(instance.status().health.status).toBe('offline');
    },
  );

  it('hangs with a status when the stop comes hears draining and offline on other connections', async () => {
    const clock = createFakeClock();
    receiver.behave(behaviours.hangs);
    const instance = open(clock);
    await until(() => receiver.received().length === 1);
    receiver.behave(behaviours.takesIt);

    await instance.stop();

    expect(receiver.healths()).toEqual(['healthy', 'draining', 'offline']);
  });

  it('does not hear of it is complained about once, however often stop is called', async () => {
    const log = createMemoryLogger();
    receiver.behave(behaviours.refusesTheKey);
    const instance = open(createFakeClock(), undefined, log.logger);
    await settled();

    await Promise.all([instance.stop(), instance.stop(), instance.stop(AbortSignal.abort())]);

    expect(log.lines().filter(({ level }) => level === 'warn').map(({ msg }) => msg)).toEqual([expect.stringContaining('could not be told')]);
  });

  it('was told of draining is not told again when it is said again', async () => {
    const instance = open(createFakeClock());
    await settled();

    instance.drain();
    await until(() => events.length === 2);
    instance.drain();
    await instance.stop();

    expect(receiver.healths()).toEqual(['healthy', 'draining', 'offline']);
  });

  it('was never there does not keep the process', async () => {
    const clock = createFakeClock();
    await receiver.close();
    const instance = open(clock);

    const stopped = instance.stop();
    await until(async () => {
      await clock.advance(100);
      return instance.status().health.status === 'offline';
    });
    await clock.advance(3_000);
    await stopped;

    receiver = await startTestReceiver();
  });

  it('hangs is left within the bound by the clock of the system, too', async () => {
    receiver.behave(behaviours.hangs);
    const instance = open(systemClock, 200);
    await until(() => receiver.received().length === 1);

    await instance.stop();

    expect(receiver.healths().at(-1)).toBe('offline');
  });
});
