import { STREAM_CLOSE, StreamHint, type StreamTopic } from '@trawling/contracts';
import { type Clock } from '@trawling/runtime';
import { WebSocket } from 'ws';
import { type CallLog } from './call-log.js';

/** Half-open connections are noticed: the server pings every 30 s. */
const SILENCE_MS = 75_000;
const HINT_BYTES = 4_096;

export type BotStream = {
  isUp: () => boolean;
  /** Resolves when the first attempt has succeeded or failed. */
  tried: Promise<void>;
  close: () => void;
};

/** Keeps a stream of hints open: what a close code asks for is what happens next. `ended` aborts when the bot must stop asking. */
export function openBotStream(deps: {
  baseUrl: URL;
  botId: string;
  credential: string;
  log: CallLog;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  onHint: (topics: readonly StreamTopic[]) => void;
}): BotStream {
  const { log, clock, random, signal } = deps;
  const url = new URL(`/bots/${deps.botId}/stream`, deps.baseUrl);
  url.protocol = url.protocol.replace('http', 'ws');
  let socket: WebSocket | null = null;
  let up = false;
  let settle = (): void => undefined;
  const tried = new Promise<void>((resolve) => (settle = resolve));

  const connectOnce = (): Promise<number> =>
    new Promise((resolve) => {
      const startedAt = clock.monotonicMs();
      const ws = new WebSocket(url, {
        headers: { Authorization: `Bearer ${deps.credential}` },
        perMessageDeflate: false,
        handshakeTimeout: 30_000,
        maxPayload: HINT_BYTES,
      });
      socket = ws;
      const watchdog = setTimeout(() => ws.terminate(), SILENCE_MS);
      const alive = (): void => void watchdog.refresh();
      ws.on('open', () => {
        up = true;
        settle();
        log.answered('stream', clock.monotonicMs() - startedAt, 0);
      });
      ws.on('ping', alive);
      ws.on('message', (data, isBinary) => {
        alive();
        const hint = isBinary ? null : parseHint(String(data));
        if (hint === null) return log.failed('stream unreadable hint');
        log.count('hints');
        deps.onHint(hint);
      });
      ws.on('unexpected-response', (_req, res) => {
        log.failed(`stream ${res.statusCode}`);
        res.resume();
        ws.terminate();
      });
      ws.on('error', (error: NodeJS.ErrnoException) => {
        if (!signal.aborted && error.code !== undefined) log.failed(`stream ${error.code}`);
      });
      ws.on('close', (code) => {
        clearTimeout(watchdog);
        up = false;
        settle();
        if (!signal.aborted) log.count(`stream closed ${code}`);
        resolve(code);
      });
    });

  const keepOpen = async (): Promise<void> => {
    for (let failures = 0; !signal.aborted; ) {
      const before = clock.monotonicMs();
      const code = await connectOnce();
      if (signal.aborted || isFinal(code)) return;
      failures = clock.monotonicMs() - before > 60_000 ? 0 : failures + 1;
      await clock.sleep(pauseMs(code, failures, random), signal);
    }
  };
  signal.addEventListener('abort', () => socket?.terminate(), { once: true });
  void keepOpen();
  return { isUp: () => up, tried, close: () => socket?.terminate() };
}

const isFinal = (code: number): boolean =>
  code === STREAM_CLOSE.gone || code === STREAM_CLOSE.replaced || code === STREAM_CLOSE.unauthenticated;

/** Spread, so that a fleet that lost its server together does not come back together. */
export function pauseMs(code: number, failures: number, random: () => number): number {
  if (code === STREAM_CLOSE.restart) return random() * 5_000;
  if (code === STREAM_CLOSE.overloaded) return 5_000 + random() * 25_000;
  return random() * Math.min(60_000, 1_000 * 2 ** Math.min(failures, 6));
}

function parseHint(text: string): readonly StreamTopic[] | null {
  try {
    return StreamHint.parse(JSON.parse(text)).topics;
  } catch {
    return null;
  }
}
