import { type FailureReason, type Outcome } from './outcome.js';
import { arrived, failed, never, openPublisherBed } from './testing/publisher-bed.js';

let open: ReturnType<typeof openPublisherBed>;
const start = (options?: Parameters<typeof openPublisherBed>[0]) => (open = openPublisherBed(options));

afterEach(async () => {
  const stopped = open.publisher.stop();
  await open.clock.advance(3_000);
  await stopped;
});

describe('a publisher whose statuses arrive', () => {
  it('publishes at once, then every interval', async () => {
    const { clock, seconds } = start();

    await clock.advance(120_000);

    expect(seconds()).toEqual([0, 30, 60, 90, 120]);
  });

  it.each([[0, [0, 27, 54]], [1, [0, 33, 66]]])('lets the interval be a tenth shorter or longer (random %d)', async (random, expected) => {
    const { clock, seconds } = start({ random });

    await clock.advance(70_000);

    expect(seconds()).toEqual(expected);
  });

  it('publishes a change of health at once', async () => {
    const { bed, clock, sent } = start();
    await clock.advance(5_000);

    bed.impairedBy = 'Postgres is away';
    await clock.advance(1_000);

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [6, 'degraded']]);
  });

  it('publishes a change of capabilities at once', async () => {
    const { bed, clock, seconds } = start();
    await clock.advance(5_000);

    bed.capabilities = ['resize', 'crop'];
    await clock.advance(1_000);

    expect(seconds()).toEqual([0, 6]);
  });

  it('leaves a change of load to the next turn', async () => {
    const { bed, clock, sent } = start();

    bed.queueLength = 3;
    await clock.advance(30_000);

    expect(sent.map(({ second, queueLength }) => [second, queueLength])).toEqual([[0, 0], [30, 3]]);
  });

  it('publishes draining at once', async () => {
    const { clock, sent, drain } = start();
    await clock.advance(5_500);

    drain();
    await clock.advance(0);

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [5.5, 'draining']]);
  });

  it('publishes draining as soon as the status before it is answered', async () => {
    let answer: (outcome: Outcome) => void = () => undefined;
    const { clock, sent, drain } = start({ answer: () => new Promise((resolve) => (answer = resolve)) });
    await clock.advance(1_000);

    drain();
    await clock.advance(1_000);
    expect(sent.map(({ health }) => health)).toEqual(['healthy']);
    answer(arrived);
    await clock.advance(0);

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [2, 'draining']]);
  });
});

describe('a publisher whose statuses do not arrive', () => {
  it.each<FailureReason>(['network', 'timeout', 'server-error', 'throttled', 'certificate'])(
    'comes back after 5, 10, 20 … seconds, five minutes at most, for ever, and to its interval after the first that arrives (%s)',
    async (reason) => {
      const { bed, clock, seconds, events } = start({ answer: () => failed(reason), random: 1 });

      await clock.advance(1_600_000);
      expect(seconds()).toEqual([0, 5, 15, 35, 75, 155, 315, 615, 915, 1215, 1515]);
      bed.answer = () => arrived;
      await clock.advance(300_000);
      expect(seconds().slice(11)).toEqual([1815, 1848, 1881]);
      expect(events.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1, 1]);

      bed.answer = () => failed(reason);
      await clock.advance(38_000);
      expect(seconds().slice(14)).toEqual([1914, 1919, 1929]);
    },
  );

  it('comes back up to twice as early, by chance', async () => {
    const { clock, seconds } = start({ answer: () => failed('network'), random: 0 });

    await clock.advance(760_000);

    expect(seconds()).toEqual([0, 2.5, 7.5, 17.5, 37.5, 77.5, 157.5, 307.5, 457.5, 607.5, 757.5]);
  });

  it('does not come back before the receiver said', async () => {
    const { clock, seconds } = start({ answer: () => failed('throttled', 60_000), random: 0 });

    await clock.advance(125_000);

    expect(seconds()).toEqual([0, 60, 120]);
  });

  it.each<FailureReason>(['unauthorized', 'invalid', 'not-a-receiver', 'refused'])('comes back after five minutes when a human has to mend it (%s)', async (reason) => {
    const { clock, seconds } = start({ answer: () => failed(reason) });

    await clock.advance(900_000);

    expect(seconds()).toEqual([0, 300, 600, 900]);
  });

  it('says it loudly once, in each streak and for each reason', async () => {
    const { bed, clock, log } = start({ answer: () => failed('unauthorized') });
    const errors = () => log.lines().filter(({ level }) => level === 'error').map(({ reason }) => reason);

    await clock.advance(1_000_000);
    expect(errors()).toEqual(['unauthorized']);
    bed.answer = () => failed('invalid');
    await clock.advance(1_000_000);
    expect(errors()).toEqual(['unauthorized', 'invalid']);
    bed.answer = () => arrived;
    await clock.advance(400_000);
    bed.answer = () => failed('invalid');
    await clock.advance(400_000);
    expect(errors()).toEqual(['unauthorized', 'invalid', 'invalid']);
  });

  it('warns once of what passes by itself, and says when it is over', async () => {
    const { bed, clock, log } = start({ answer: () => failed('network') });
    await clock.advance(60_000);

    bed.answer = () => arrived;
    await clock.advance(100_000);

    const loud = log.lines().filter(({ level }) => level !== 'debug').map(({ level, msg }) => [level, msg]);
    expect(loud).toEqual([['warn', 'the status was not published; it is tried again'], ['info', 'statuses arrive again']]);
  });

  it('sends what is true then, and nothing of what piled up', async () => {
    const { bed, clock, sent } = start({ answer: () => failed('network'), random: 1 });
    for (let queueLength = 1; queueLength <= 14; queueLength += 1) {
      bed.queueLength = queueLength % 4;
      await clock.advance(1_000);
    }

    bed.answer = () => arrived;
    await clock.advance(2_000);

    expect(sent.map(({ second, queueLength }) => [second, queueLength])).toEqual([[0, 0], [5, 1], [15, 2]]);
  });

  it('does not hurry for a change of health, for the receiver is away', async () => {
    const { bed, clock, sent } = start({ answer: () => failed('network'), random: 1 });
    await clock.advance(6_000);

    bed.impairedBy = 'Postgres is away';
    await clock.advance(10_000);

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [5, 'healthy'], [15, 'degraded']]);
  });

  it('tries draining at once all the same', async () => {
    const { clock, sent, drain } = start({ answer: () => failed('throttled', 600_000) });
    await clock.advance(60_000);

    drain();
    await clock.advance(1_000);

    expect(sent.map(({ second, health }) => [second, health])).toEqual([[0, 'healthy'], [60, 'draining']]);
  });
});

describe('a publisher whose receiver hangs', () => {
  it('gives up after five seconds, from connecting to the end of the answer', async () => {
    const { clock, events } = start({ answer: never });

    await clock.advance(4_999);
    expect(events).toEqual([]);
    await clock.advance(1);

    expect(events).toMatchObject([{ result: 'failed', reason: 'timeout', latency_ms: 5_000 }]);
  });

  it('has one request in flight at most, whatever happens meanwhile', async () => {
    const { bed, clock, drain, sent } = start({ answer: never });
    await clock.advance(1_000);
    bed.impairedBy = 'everything';
    bed.capabilities = [];
    drain();
    await clock.advance(3_000);
    drain();
    expect(sent).toHaveLength(1);

    await clock.advance(1_000_000);

    expect(sent.length).toBeGreaterThan(3);
    expect(bed.mostInFlight).toBe(1);
  });
});

describe('the sequence', () => {
  it('grows with everything that is sent', async () => {
    const { clock, sent, publisher } = start();
    await clock.advance(100_000);
    await publisher.stop();

    const sequences = sent.map(({ sequence }) => sequence);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    expect(sent.at(-1)?.health).toBe('offline');
  });
});
