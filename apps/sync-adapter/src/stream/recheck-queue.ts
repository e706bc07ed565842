import type { CredentialRow } from '@trawling/database';
import type { Clock, Logger } from '@trawling/runtime';
import { credentialVerdict, type Refusal } from '../authentication/credential-verdict.js';

/** What a recheck needs of a stream. */
export interface Verifiable {
  botId: string;
  credentialId: string;
  /** When the database was last known to say that its holder is good, in `monotonicMs`; kept by the queue. */
  verifiedAt: number;
}

export interface RecheckDeps<S> {
  findCredentials: (credentialIds: readonly string[]) => Promise<CredentialRow[]>;
  /** Up to when the change feed has told of everything, in `monotonicMs`. Asked only while there are streams. */
  confirmedAt: () => number;
  /** All open streams. */
  streams: () => Iterable<S>;
  /** The holder of the stream may no longer speak for its bot. */
  onRefused: (stream: S, refusal: Refusal) => void;
  /** Nobody can say whether the holder may still speak for its bot, and the promised time is over. */
  onUnverified: (stream: S) => void;
  clock: Clock;
  logger: Logger;
}

export interface RecheckQueue<S> {
  /** These may no longer be good: looked at as soon as possible, again if that is being done already. */
  add: (streams: Iterable<S>) => void;
  remove: (stream: S) => void;
  /** Resolves when nothing is being looked up any more. */
  close: () => Promise<void>;
}

/** The promise: a revoked credential has no stream for longer. Milliseconds. */
export const VERIFIED_WITHIN_MS = 5_000;
/** A feed that is well confirms within 3 s; who has not been confirmed for longer is looked up. Milliseconds. */
export const DOUBT_AFTER_MS = 3_500;
/** How often it is looked who is in doubt for too long. Milliseconds. */
const LOOK_MS = 250;
/** Who is found in doubt late, because this process stood still, gets this long all the same. Milliseconds. */
const GRACE_MS = 1_000;
/** Credentials read in one query. */
const CHUNK = 500;
/** How long a database that is away is left alone. Milliseconds. */
const RETRY_MS = 500;

/**
 * Holds the holders of open streams to what the database says of their credentials now, not what memory remembers: after
 * a hint, and whenever the feed that would bring one is silent. Who cannot be verified in time is given up.
 */
export function createRecheckQueue<S extends Verifiable>(deps: RecheckDeps<S>): RecheckQueue<S> {
  const { clock, logger } = deps;
  const waiting = new Set<S>();
  /** Those that wait and those being looked up, with the time at which they are given up. */
  const doubted = new Map<S, number>();
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  const giveUpAt = (knownGoodAt: number): number =>
    Math.max(knownGoodAt + VERIFIED_WITHIN_MS - LOOK_MS, clock.monotonicMs() + GRACE_MS);

  const recheck = async (streams: readonly S[]): Promise<void> => {
    const startedAt = clock.monotonicMs();
    const rows = await deps.findCredentials(streams.map((stream) => stream.credentialId));
    const byId = new Map(rows.map((row) => [row.credentialId, row]));
    for (const stream of streams) {
      if (!doubted.has(stream)) continue; // gone meanwhile
      const row = byId.get(stream.credentialId);
      const refusal = row ? credentialVerdict(row, stream.botId) : 'unauthenticated';
      if (refusal) {
        deps.onRefused(stream, refusal);
        continue;
      }
      stream.verifiedAt = startedAt;
      if (waiting.has(stream)) doubted.set(stream, giveUpAt(startedAt));
      else doubted.delete(stream);
    }
  };

  const run = async (): Promise<void> => {
    while (waiting.size > 0 && !closing.signal.aborted) {
      // Taken off before looking: what changes while we look makes us look again.
      const streams = [...waiting].slice(0, CHUNK);
      streams.forEach((stream) => waiting.delete(stream));
      try {
        await recheck(streams);
      } catch (error) {
        for (const stream of streams) if (doubted.has(stream)) waiting.add(stream);
        logger.warn({ err: error, streams: waiting.size }, 'the credentials of open streams cannot be checked; trying again');
        await clock.sleep(RETRY_MS, closing.signal);
      }
    }
    running = undefined;
  };

  const add = (streams: Iterable<S>): void => {
    for (const stream of streams) {
      waiting.add(stream);
      if (!doubted.has(stream)) doubted.set(stream, giveUpAt(Math.max(stream.verifiedAt, deps.confirmedAt())));
    }
    if (waiting.size > 0 && !closing.signal.aborted) running ??= run();
  };

  /** Nothing but this notices a feed that is silent. */
  const look = (): void => {
    const now = clock.monotonicMs();
    const late = [...doubted].filter(([, at]) => at <= now);
    if (late.length > 0) logger.warn({ streams: late.length }, 'streams are closed: their credentials could not be checked in time');
    for (const [stream] of late) deps.onUnverified(stream);

    const silent: S[] = [];
    for (const stream of deps.streams()) {
      const isConfirmed = now - deps.confirmedAt() <= DOUBT_AFTER_MS;
      if (isConfirmed) break;
      if (now - stream.verifiedAt > DOUBT_AFTER_MS && !doubted.has(stream)) silent.push(stream);
    }
    add(silent);
  };
  const keepLooking = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(LOOK_MS, closing.signal);
      if (closing.signal.aborted) return;
      look();
    }
  };
  const looking = keepLooking();

  return {
    add,
    remove(stream) {
      waiting.delete(stream);
      doubted.delete(stream);
    },
    async close() {
      closing.abort();
      await Promise.all([running, looking]);
    },
  };
}
