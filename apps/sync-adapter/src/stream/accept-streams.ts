import { BotId, DomainError, problems } from '@trawling/contracts';
import { bearerToken, toDomainError } from '@trawling/http';
import type { Logger } from '@trawling/runtime';
import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { CallingBot } from '../authentication/authenticate-bot.js';
import type { RateLimit } from '../limits/rate-limit.js';
import type { BotStreams } from './bot-streams.js';
import { refuseUpgrade } from './refuse-upgrade.js';

export interface AcceptStreamsDeps {
  streams: BotStreams;
  /** Throws as for any call of a bot. With `fromDatabase` nothing that memory holds counts. */
  authenticate: (input: { token: string | null; botId: string; fromDatabase: boolean }) => Promise<CallingBot>;
  /** New streams of one bot. */
  rateLimit: RateLimit;
  /** Streams this replica carries, those being opened included. */
  maxStreams: number;
  newId: () => string;
  random: () => number;
  logger: Logger;
}

export interface StreamAcceptor {
  /** For the server's `upgrade` event. */
  upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** From here on every stream is refused with 503: the replica is about to stop. */
  close: () => void;
  isClosing: () => boolean;
}

/** Bots send nothing but control frames, which have a limit of their own. Bytes. */
const MAX_MESSAGE_BYTES = 128;
/** How long a bot may take to answer that it was let go. Milliseconds. */
const CLOSE_MS = 2_000;

// The published types do not know closeTimeout yet.
const serverOptions: ServerOptions & { closeTimeout: number } = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_MESSAGE_BYTES,
  closeTimeout: CLOSE_MS,
  handleProtocols: () => false,
};

const streamPath = /^\/bots\/([^/?]+)\/stream$/;

/** Turns upgrade requests into streams. The credential is checked before the upgrade: a refusal is an HTTP problem. */
export function acceptStreams(deps: AcceptStreamsDeps): StreamAcceptor {
  const { streams, logger } = deps;
  const server = new WebSocketServer(serverOptions);
  server.on('wsClientError', (error, socket) => {
    refuseUpgrade(socket, new DomainError('invalid-request', error.message), deps.newId());
  });
  let opening = 0;
  let closing = false;

  const requireRoom = (): void => {
    // Spread, so that those who are sent away do not come back together.
    const retry_after = 5 + Math.floor(deps.random() * 10);
    if (closing) throw new DomainError('unavailable', 'This replica is about to stop: connect again.', { retry_after: 1 });
    if (streams.size() + opening > deps.maxStreams) {
      throw new DomainError('unavailable', 'This replica carries as many streams as it may.', { retry_after });
    }
  };

  const accept = async (req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    requireRoom();
    const botId = askedFor(req);
    const since = streams.moment();
    const bot = await deps.authenticate({ token: bearerToken(req), botId, fromDatabase: since.isDoubtful });
    const wait = deps.rateLimit(botId);
    if (wait > 0) throw new DomainError('rate-limited', 'This bot opens streams too often.', { retry_after: wait });
    requireRoom();
    if (socket.destroyed) return;
    server.handleUpgrade(req, socket, head, (ws) => streams.add(ws, bot, since));
  };

  return {
    upgrade(req, socket, head) {
      const onError = (error: Error): void => logger.debug({ err: error }, 'a connection broke while it asked for a stream');
      socket.on('error', onError);
      opening += 1;
      accept(req, socket, head)
        .catch((error: unknown) => refuse(deps, socket, error))
        .finally(() => (opening -= 1));
    },
    close() {
      closing = true;
      server.close();
    },
    isClosing: () => closing,
  };
}

function refuse({ logger, newId }: AcceptStreamsDeps, socket: Duplex, error: unknown): void {
  const refusal = toDomainError(error);
  const requestId = newId();
  const line = { request_id: requestId, code: refusal.code, status: problems[refusal.code].status };
  logger[problems[refusal.code].log]({ ...line, ...(refusal.code === 'internal-error' && { err: error }) }, 'stream refused');
  refuseUpgrade(socket, refusal, requestId);
}

/** The bot whose stream is asked for. Throws not-found, method-not-allowed, invalid-request, upgrade-required. */
function askedFor(req: IncomingMessage): string {
  const [path = '', query] = (req.url ?? '').split('?', 2);
  const botId = BotId.safeParse(streamPath.exec(path)?.[1]?.toLowerCase());
  if (!botId.success) throw new DomainError('not-found', 'There is no stream at this address.');
  if (req.headers.upgrade?.toLowerCase() !== 'websocket') throw new DomainError('upgrade-required', 'This address speaks WebSocket.');
  // A credential in an address ends up in logs: nothing may be asked for that way.
  if (query !== undefined) throw new DomainError('invalid-request', 'A stream takes no query.');
  return botId.data;
}
