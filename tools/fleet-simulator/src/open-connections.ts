import { type Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import { type Exchange } from './exchange.js';

export type Connections = {
  /** On a free connection, on a new one, or as soon as one is free. */
  send: (exchange: Exchange) => void;
  /** Whatever is still under way fails. Resolves when all are closed. */
  close: () => Promise<void>;
};

/** One connection at a time, made when it is needed. */
export type Line = {
  client: Client;
  /** What is or was connected last. */
  socket: Socket | null;
  /** Whether an answer came over this socket already. */
  used: boolean;
  free: () => void;
  lost: (repeat: Exchange | null) => void;
};

const CONNECT_TIMEOUT_MS = 30_000;
/** Of a server that does not say how long it keeps an idle connection (Keep-Alive: timeout=75); the others are taken at their word. */
const IDLE_MS = 600_000;

/** Bots share no TLS session: on machines of their own they could not either. */
const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, maxCachedSessions: 0 });

/**
 * Kept-alive connections to one server, at most so many, of which `idle` (all, unless told) stay open between two calls.
 * An exchange that a connection lost just as it was used again is sent once more, on a new one.
 */
export function openConnections(baseUrl: URL, limits: { atMost: number; idle?: number }): Connections {
  const { atMost, idle: keep = atMost } = limits;
  const lines = new Set<Line>();
  const idle: Line[] = [];
  const waiting: Exchange[] = [];
  const closing = new Set<Promise<void>>();
  let closed = false;

  const openLine = (): Line => {
    const client = new Client(baseUrl.origin, {
      keepAliveTimeout: IDLE_MS,
      connect: (target, done) =>
        connect(target, (...[error, socket]) => {
          if (error) return done(error, null);
          line.socket = socket;
          line.used = false;
          done(null, socket);
        }),
    });
    const line: Line = { client, socket: null, used: false, free: () => free(line), lost: (repeat) => lost(line, repeat) };
    lines.add(line);
    return line;
  };
  const nextWaiting = (): Exchange | undefined => {
    let next = waiting.shift();
    while (next?.over) next = waiting.shift();
    return next;
  };
  const shut = (line: Line, shutting: Promise<void>): void => {
    lines.delete(line);
    const over = shutting.then(() => void closing.delete(over));
    closing.add(over);
  };
  const free = (line: Line): void => {
    const next = nextWaiting();
    if (next) next.send(line);
    else if (idle.length < keep) idle.push(line);
    else shut(line, line.client.close());
  };
  /** undici would connect again; a new client instead cannot be in the middle of anything. */
  const lost = (line: Line, repeat: Exchange | null): void => {
    shut(line, line.client.destroy());
    const next = repeat ?? nextWaiting();
    if (next && closed) next.fail(new Error('closed'));
    else if (next) next.send(openLine());
  };
  const send = (exchange: Exchange): void => {
    const line = closed ? null : (idle.pop() ?? (lines.size < atMost ? openLine() : null));
    if (line) exchange.send(line);
    else if (closed) exchange.fail(new Error('closed'));
    else waiting.push(exchange);
  };
  return {
    send,
    async close() {
      closed = true;
      for (const exchange of waiting.splice(0)) exchange.fail(new Error('closed'));
      idle.length = 0;
      for (const line of lines) shut(line, line.client.destroy());
      await Promise.all(closing);
    },
  };
}
