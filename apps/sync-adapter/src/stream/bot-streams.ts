import { STREAM_CLOSE, type StreamTopic } from '@trawling/contracts';
import type { CredentialRow } from '@trawling/database';
import type { Clock, Logger } from '@trawling/runtime';
import { type WebSocket } from 'ws';
import type { CallingBot } from '../authentication/authenticate-bot.js';
import type { Refusal } from '../authentication/credential-verdict.js';
import type { Change } from '../changes/change-hub.js';
import { createHintQueue, EVERY_TOPIC, hintFrame, topicsOf, type Topics } from './hint-queue.js';
import { createRecheckQueue, DOUBT_AFTER_MS } from './recheck-queue.js';
import { createTurnWheel } from './turn-wheel.js';

export interface BotStreamsDeps {
  /** From the database; must give up by itself when it does not answer. */
  findCredentials: (credentialIds: readonly string[]) => Promise<CredentialRow[]>;
  /** Up to when the change feed has told of everything, in the clock's `monotonicMs`. */
  confirmedAt: () => number;
  clock: Clock;
  logger: Logger;
  /** A bot that has not answered the ping before is gone by the next. Default 30 s. */
  pingMs?: number;
}

/** What was known before the holder of a new stream was looked up. */
export interface Moment {
  /** Changes of credentials so far. */
  changes: number;
  /** The feed is silent: the holder is to be looked up in the database, memory may be behind. */
  isDoubtful: boolean;
  /** From when on a holder who is found good is known to be. */
  verifiedAt: number;
}

export interface BotStreams {
  /** Takes over a socket whose holder was found good; `since` is `moment()` from before that was looked up. */
  add: (socket: WebSocket, bot: CallingBot, since: Moment) => void;
  moment: () => Moment;
  publish: (change: Change) => void;
  /** Nobody knows what was missed: everyone looks, and is looked at, again. */
  wakeAll: () => void;
  size: () => number;
  /** Asks every bot to come back elsewhere, a part at a time. Resolves when the last socket is closed. */
  close: () => Promise<void>;
}

/** One bot's open stream: no more than this and the socket is kept, times ten thousand. */
interface BotStream extends CallingBot {
  socket: WebSocket;
  /** Maintained by the hint queue and the wheel. */
  toldAt: number;
  slot: number;
  verifiedAt: number;
  /** Its last ping is not answered yet. */
  silent: boolean;
  /** Control frames since our last ping. */
  frames: number;
}

const PING_MS = 30_000;
/** A bot that does not read what it is told: it is let go before this much waits for it. Bytes. */
const MAX_BUFFERED = 16 * 1024;
/** Pongs and pings a bot may send between two of our pings. */
const MAX_FRAMES = 20;
/** Streams asked to leave in one go while draining, and the pause between two goes, in milliseconds. */
const LEAVING = { atOnce: 100, pauseMs: 20, maxMs: 2_000 };

const topicOf: Record<string, StreamTopic> = { config: 'config', secrets: 'secrets', keys: 'keys' };

const closeCodes: Record<Refusal, number> = {
  'unauthenticated': STREAM_CLOSE.unauthenticated,
  'bot-not-found': STREAM_CLOSE.unauthenticated,
  'bot-decommissioned': STREAM_CLOSE.gone,
  'machine-superseded': STREAM_CLOSE.gone,
};

/**
 * The open streams of this replica, the newest one per bot. A change costs one look-up per bot it names, whatever the
 * number of streams; a stream that is told nothing costs its share of a ping in 30 s.
 */
export function createBotStreams(deps: BotStreamsDeps): BotStreams {
  const { clock, logger } = deps;
  const byBot = new Map<string, BotStream>();
  /** All sockets that are not closed yet, also of streams that are let go already. */
  const sockets = new Set<WebSocket>();
  let changes = 0;
  let onLastClosed: (() => void) | undefined;

  const hints = createHintQueue<BotStream>({ send, monotonicMs: clock.monotonicMs });
  const wheel = createTurnWheel<BotStream>({ periodMs: deps.pingMs ?? PING_MS, onTurn: ping });
  const rechecks = createRecheckQueue<BotStream>({
    findCredentials: deps.findCredentials,
    confirmedAt: deps.confirmedAt,
    streams: () => byBot.values(),
    onUnverified: (stream) => letGo(stream, STREAM_CLOSE.overloaded, 'cannot be verified'),
    onRefused: (stream, refusal) => letGo(stream, closeCodes[refusal], refusal),
    clock,
    logger,
  });

  function send(stream: BotStream, topics: Topics): void {
    if (stream.socket.bufferedAmount > MAX_BUFFERED) return letGo(stream, STREAM_CLOSE.overloaded, 'too slow');
    stream.socket.send(hintFrame(topics), { binary: false });
  }

  function ping(stream: BotStream): void {
    if (stream.silent) {
      logger.debug({ bot_id: stream.botId }, 'a stream did not answer its ping');
      forget(stream);
      return stream.socket.terminate();
    }
    stream.silent = true;
    stream.frames = 0;
    stream.socket.ping();
  }

  function forget(stream: BotStream): void {
    hints.remove(stream);
    rechecks.remove(stream);
    wheel.remove(stream);
    if (byBot.get(stream.botId) === stream) byBot.delete(stream.botId);
  }

  function letGo(stream: BotStream, code: number, reason: string): void {
    forget(stream);
    stream.socket.close(code, reason);
    logger.debug({ bot_id: stream.botId, code, reason }, 'stream closed by us');
  }

  function heard(stream: BotStream): void {
    stream.frames += 1;
    if (stream.frames > MAX_FRAMES) letGo(stream, 1008, 'too many frames');
  }

  function add(socket: WebSocket, bot: CallingBot, since: Moment): void {
    const { botId, credentialId, generation } = bot;
    const stream: BotStream = { botId, credentialId, generation, socket, toldAt: 0, slot: 0, verifiedAt: since.verifiedAt, silent: false, frames: 0 };
    sockets.add(socket);
    socket.on('pong', () => {
      stream.silent = false;
      heard(stream);
    });
    socket.on('ping', () => heard(stream));
    socket.on('message', () => letGo(stream, 1008, 'bots send nothing here'));
    // Always followed by close.
    socket.on('error', (error) => logger.debug({ err: error, bot_id: botId }, 'stream broke'));
    socket.on('close', () => {
      sockets.delete(socket);
      forget(stream);
      if (sockets.size === 0) onLastClosed?.();
    });

    const older = byBot.get(botId);
    if (older) letGo(older, STREAM_CLOSE.replaced, 'a newer stream took over');
    byBot.set(botId, stream);
    wheel.add(stream);
    stream.toldAt = clock.monotonicMs();
    send(stream, EVERY_TOPIC);
    if (since.changes !== changes) rechecks.add([stream]);
  }

  function publish({ topic, ids }: Change): void {
    const streams = ids.length === 0 ? byBot.values() : ids.flatMap((id) => byBot.get(id) ?? []);
    if (topic === 'credential') {
      changes += 1;
      return rechecks.add(streams);
    }
    const known = topicOf[topic];
    if (known) for (const stream of streams) hints.add(stream, topicsOf(known));
  }

  async function leave(): Promise<void> {
    const atOnce = Math.max(LEAVING.atOnce, Math.ceil((byBot.size * LEAVING.pauseMs) / LEAVING.maxMs));
    for (;;) {
      [...byBot.values()].slice(0, atOnce).forEach((stream) => letGo(stream, STREAM_CLOSE.restart, 'this replica is draining'));
      if (byBot.size === 0) return;
      await clock.sleep(LEAVING.pauseMs);
    }
  }

  return {
    add,
    moment() {
      const now = clock.monotonicMs();
      const confirmedAt = deps.confirmedAt();
      const isDoubtful = now - confirmedAt > DOUBT_AFTER_MS;
      return { changes, isDoubtful, verifiedAt: isDoubtful ? now : confirmedAt };
    },
    publish,
    wakeAll() {
      changes += 1;
      for (const stream of byBot.values()) hints.add(stream, EVERY_TOPIC);
      rechecks.add(byBot.values());
    },
    size: () => byBot.size,
    async close() {
      const closed = new Promise<void>((resolve) => (onLastClosed = resolve));
      await leave();
      if (sockets.size > 0) await closed;
      hints.close();
      wheel.close();
      await rechecks.close();
    },
  };
}
