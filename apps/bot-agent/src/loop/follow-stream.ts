import { type StreamTopic } from '@trawling/contracts';
import { type Clock, type Logger } from '@trawling/runtime';
import { type SecurityEvents } from '../reports/security-events.js';
import { type Credentials } from '../sync/credentials.js';
import { type OpenStream, type StreamEnd } from '../sync/stream-socket.js';
import { type Wake } from './wake.js';

export interface FollowStreamDeps {
  openStream: OpenStream;
  credentials: Credentials;
  /** The machine no longer speaks for its bot. */
  gone(): boolean;
  /** The signing keys may be others. */
  refreshKeys(): Promise<unknown>;
  /** `stream`: rung when trying to connect may make sense again. */
  wakes: { poll: Wake; reconcile: Wake; stream: Wake };
  security: SecurityEvents;
  clock: Clock;
  random(): number;
  logger: Logger;
  stop: AbortSignal;
}

export interface StreamFollower {
  run(): Promise<void>;
  isUp(): boolean;
}

const BASE_MS = 1_000;
const LONGEST_MS = 300_000;
const RESTART_SPREAD_MS = 5_000;
/** All bots hear of new keys at once; nothing needs them at once. */
const KEYS_SPREAD_MS = 5_000;
/** Where a stream went, many did: they do not all ask at once. */
const DOWN_SPREAD_MS = 1_000;
/** A stream that held this long was a good one: the next failure is the first. */
const GOOD_MS = 30_000;

/**
 * Keeps one stream of hints open, for as long as the machine speaks for its bot. A hint rings whoever looks; the
 * stream's coming and going rings the poll, which waits at the server only while there is no stream.
 */
export function createStreamFollower(deps: FollowStreamDeps): StreamFollower {
  const { clock, random, wakes, logger, credentials, stop } = deps;
  let up = false;

  const refreshKeysSoon = async () => {
    await clock.sleep(random() * KEYS_SPREAD_MS, stop);
    if (!stop.aborted) await deps.refreshKeys().catch((error: unknown) => logger.debug({ err: error }, 'no key set'));
  };
  const onHint = (topics: StreamTopic[]) => {
    if (topics.includes('config')) wakes.poll.wake();
    // What waits for a secret tries again.
    if (topics.includes('secrets')) wakes.reconcile.wake();
    if (topics.includes('keys')) void refreshKeysSoon();
  };

  /** Null: the credential is refused, and asking again is for HTTP. */
  const once = async (): Promise<{ end: StreamEnd; heldMs: number } | null> => {
    const credential = credentials.inOrder()[0];
    if (credential === undefined || !credentials.good()) return null;
    let openedMs: number | null = null;
    const end = await deps.openStream({
      credential,
      stop,
      onHint,
      onOpen: () => {
        openedMs = clock.monotonicMs();
        up = true;
        logger.info('stream is up');
        void credentials.settle({ worked: credential, refused: [] });
      },
    });
    up = false;
    return { end, heldMs: openedMs === null ? 0 : clock.monotonicMs() - openedMs };
  };

  return {
    isUp: () => up,
    run: async () => {
      for (let failures = 0; !stop.aborted && !deps.gone(); ) {
        const round = await once();
        if (stop.aborted) return;
        if (round === null) {
          await wakes.stream.wait(LONGEST_MS);
          continue;
        }
        const { end, heldMs } = round;
        if (heldMs > 0) {
          logger.info({ end, held_ms: Math.round(heldMs) }, 'stream is down');
          await clock.sleep(random() * DOWN_SPREAD_MS, stop);
        }
        if (heldMs > 0 || end.kind === 'refused') wakes.poll.wake();
        if (heldMs > GOOD_MS) failures = 0;
        if (end.kind === 'replaced')
          deps.security.say('security.stream_replaced', 'replaced', 'Another stream with this bot’s credential took over: is there a second machine?');
        await wakes.stream.wait(waitMs(end, failures, random));
        failures += 1;
      }
    },
  };
}

function waitMs(end: StreamEnd, failures: number, random: () => number): number {
  const backoff = random() * Math.min(LONGEST_MS, BASE_MS * 2 ** Math.min(failures, 20));
  switch (end.kind) {
    case 'restart':
      return failures < 3 ? random() * RESTART_SPREAD_MS : RESTART_SPREAD_MS + backoff;
    // Two that replace each other at once would do so for ever.
    case 'replaced':
      return LONGEST_MS / 2 + (LONGEST_MS / 2) * random();
    case 'busy':
      return end.retryAfterMs + backoff;
    // HTTP finds out meanwhile whether another credential is good or none.
    case 'refused':
      return BASE_MS + backoff;
    case 'lost':
      return backoff;
  }
}
