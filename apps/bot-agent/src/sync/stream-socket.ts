import { type IncomingMessage } from 'node:http';
import { STREAM_CLOSE, StreamTopic } from '@trawling/contracts';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { parseJson, requireSafeUrl, syncError } from './sync-http.js';

/**
 * Why a stream is over:
 * - `restart`: the server goes away and another one is there; come back soon.
 * - `replaced`: another stream of this bot took over, which was not ours.
 * - `refused`: the credential or the machine; HTTP says what to do.
 * - `busy`: come back after that many milliseconds.
 * - `lost`: everything else.
 */
export type StreamEnd =
  | { kind: 'restart' }
  | { kind: 'replaced' }
  | { kind: 'refused' }
  | { kind: 'busy'; retryAfterMs: number }
  | { kind: 'lost'; reason: string };

export interface StreamInput {
  credential: string;
  onOpen(): void;
  onHint(topics: StreamTopic[]): void;
  /** Ends the stream. */
  stop: AbortSignal;
}

/** Opens one stream; resolves when it is over, whatever ended it. Never rejects, never reconnects. */
export type OpenStream = (input: StreamInput) => Promise<StreamEnd>;

const HANDSHAKE_MS = 10_000;
/** The server pings every 30 s: this long without a sign of it means that the connection is dead. */
const SILENCE_MS = 75_000;
/** A hint is a hundred bytes. */
const MAX_HINT_BYTES = 16 * 1024;

/** Topics a newer server may add are none to us. */
const Hint = z.object({ type: z.literal('look'), topics: z.array(z.string()) });
const isTopic = (topic: string): topic is StreamTopic => StreamTopic.safeParse(topic).success;

export function createStreamOpener(options: { baseUrl: string; botId: string; userAgent: string; silenceMs?: number }): OpenStream {
  const base = requireSafeUrl(options.baseUrl).href.replace(/\/+$/, '').replace(/^http/, 'ws');
  const path = `/bots/${options.botId}/stream`;
  const silenceMs = options.silenceMs ?? SILENCE_MS;

  return ({ credential, onOpen, onHint, stop }) =>
    new Promise((resolve) => {
      if (stop.aborted) return resolve({ kind: 'lost', reason: 'stopped' });
      const socket = new WebSocket(`${base}${path}`, {
        headers: { Authorization: `Bearer ${credential}`, 'User-Agent': options.userAgent },
        followRedirects: false,
        perMessageDeflate: false,
        maxPayload: MAX_HINT_BYTES,
        handshakeTimeout: HANDSHAKE_MS,
      });
      let refusal: StreamEnd | null = null;
      const giveUp = (reason: string) => {
        refusal ??= { kind: 'lost', reason };
        socket.terminate();
      };
      const onStop = () => giveUp('stopped');
      stop.addEventListener('abort', onStop, { once: true });
      let silence = setTimeout(() => giveUp('no handshake'), HANDSHAKE_MS + 5_000);
      const heard = () => {
        clearTimeout(silence);
        silence = setTimeout(() => giveUp(`nothing was heard for ${silenceMs} ms`), silenceMs);
      };

      socket.on('open', () => {
        heard();
        onOpen();
      });
      socket.on('ping', heard);
      socket.on('message', (data) => {
        heard();
        const topics = (Hint.safeParse(parseJson(data.toString())).data?.topics ?? []).filter(isTopic);
        if (topics.length > 0) onHint(topics);
      });
      socket.on('unexpected-response', (_request, response) => {
        void readRefusal(path, response).then((end) => {
          refusal = end;
          socket.terminate();
        });
      });
      socket.on('error', (error) => {
        refusal ??= { kind: 'lost', reason: error.message };
      });
      socket.on('close', (code) => {
        clearTimeout(silence);
        stop.removeEventListener('abort', onStop);
        resolve(refusal ?? endOf(code));
      });
    });
}

function endOf(code: number): StreamEnd {
  switch (code) {
    case STREAM_CLOSE.restart:
      return { kind: 'restart' };
    case STREAM_CLOSE.replaced:
      return { kind: 'replaced' };
    case STREAM_CLOSE.unauthenticated:
    case STREAM_CLOSE.gone:
      return { kind: 'refused' };
    default:
      return { kind: 'lost', reason: `closed with ${code}` };
  }
}

const MAX_REFUSAL_BYTES = 64 * 1024;

async function readRefusal(path: string, response: IncomingMessage): Promise<StreamEnd> {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => response.destroy(), HANDSHAKE_MS);
  try {
    for await (const chunk of response) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > MAX_REFUSAL_BYTES) break;
      chunks.push(bytes);
    }
  } catch {
    return { kind: 'lost', reason: 'the refusal could not be read' };
  } finally {
    clearTimeout(timer);
  }
  const data = Buffer.concat(chunks).toString('utf8');
  const { failure, message } = syncError(path, { status: response.statusCode ?? 0, data, headers: response.headers });
  if (failure.kind === 'busy') return { kind: 'busy', retryAfterMs: failure.retryAfterMs };
  if (failure.kind === 'unauthorized' || failure.kind === 'gone') return { kind: 'refused' };
  return { kind: 'lost', reason: message };
}
