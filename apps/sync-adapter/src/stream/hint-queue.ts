import { type StreamHint, StreamTopic } from '@trawling/contracts';

/** Topics as bits, so that what a stream waits to be told is one number. */
export type Topics = number;

export const topicsOf = (...topics: readonly StreamTopic[]): Topics =>
  topics.reduce((bits, topic) => bits | (1 << StreamTopic.options.indexOf(topic)), 0);

export const EVERY_TOPIC = topicsOf(...StreamTopic.options);

/** The text of a hint, one buffer for all streams that are told the same. */
const frames = Array.from({ length: EVERY_TOPIC + 1 }, (_, bits) => {
  const topics = StreamTopic.options.filter((topic) => (bits & topicsOf(topic)) !== 0);
  return Buffer.from(JSON.stringify({ type: 'look', topics } satisfies StreamHint));
});
export const hintFrame = (topics: Topics): Buffer => frames[topics] ?? Buffer.alloc(0);

export interface HintQueue<S> {
  add: (stream: S, topics: Topics) => void;
  remove: (stream: S) => void;
  close: () => void;
}

/** A stream is told at most this often; what changes meanwhile is one hint. Milliseconds. */
const GAP_MS = 100;
/** So many streams are told in one go; everything else the process has to do comes between two goes. */
const SLICE = 250;

/**
 * Coalesces hints per stream and spreads a bulk change over turns of the event loop. The first hint of a quiet stream
 * goes out with the next turn.
 */
export function createHintQueue<S extends { toldAt: number }>(deps: {
  send: (stream: S, topics: Topics) => void;
  monotonicMs: () => number;
}): HintQueue<S> {
  const waiting = new Map<S, Topics>();
  let soon: NodeJS.Immediate | undefined;
  let later: NodeJS.Timeout | undefined;

  const arm = (): void => {
    soon ??= setImmediate(run);
  };
  const run = (): void => {
    soon = undefined;
    const now = deps.monotonicMs();
    let told = 0;
    for (const [stream, topics] of waiting) {
      if (now - stream.toldAt < GAP_MS) continue;
      if (told === SLICE) return arm();
      told += 1;
      waiting.delete(stream);
      stream.toldAt = now;
      deps.send(stream, topics);
    }
    if (waiting.size > 0) later ??= setTimeout(() => {
      later = undefined;
      run();
    }, GAP_MS);
  };

  return {
    add(stream, topics) {
      waiting.set(stream, (waiting.get(stream) ?? 0) | topics);
      arm();
    },
    remove: (stream) => void waiting.delete(stream),
    close() {
      waiting.clear();
      clearImmediate(soon);
      clearTimeout(later);
    },
  };
}
