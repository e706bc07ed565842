import { createServer, type RequestListener, type Server } from 'node:http';
import { type Duplex } from 'node:stream';
import { problemDocument } from './problem.js';
import { DomainError } from '@trawling/contracts';
import { uuid7 } from '@trawling/runtime';

export type Listening = { url: string; port: number; server: Server };

/**
 * Idle connections are kept longer than proxies keep theirs (60 s by custom): whoever closes first must be the one that
 * sends next, or its request may meet a closing connection.
 */
const KEEP_ALIVE_MS = 75_000;
/** From the first byte of a request; a connection that waits between two requests is not counted. */
const HEADERS_MS = 10_000;

/** Listens; port 0 picks a free one. Headers: at most 100 and 16 KB, within 10 s; a whole request within 60 s. */
export async function listen(
  app: RequestListener,
  options: { port: number; host: string; headersTimeoutMs?: number; checkEveryMs?: number },
): Promise<Listening> {
  const server = createServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: options.headersTimeoutMs ?? HEADERS_MS,
      requestTimeout: 60_000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: options.checkEveryMs ?? 5_000,
    },
    app,
  );
  server.maxHeadersCount = 100;
  server.on('clientError', answerClientError);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(explain(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${host}:${address.port}`, port: address.port, server };
}

/**
 * Stops accepting, lets requests in flight end, closes kept-alive connections as they fall idle; what still runs after
 * `timeoutMs` is cut off. Resolves when the last connection is closed.
 */
export async function drain(server: Server, timeoutMs = 5_000): Promise<void> {
  if (!server.listening) return;
  server.prependListener('request', (_req, res) => {
    res.shouldKeepAlive = false;
  });
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const sweep = setInterval(() => server.closeIdleConnections(), 25);
  const cut = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(cut);
}

/** What Node's parser refuses never reaches the app; it gets the same form of answer. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const problem = problemDocument(
    tooLarge
      ? new DomainError('headers-too-large', 'The headers are larger than 16 KB.')
      : new DomainError('invalid-request', 'This is not a readable HTTP request.'),
    uuid7(),
  );
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} ${tooLarge ? 'Request Header Fields Too Large' : 'Bad Request'}\r\n` +
      `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function explain(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Error {
  if (error.code === 'EADDRINUSE') return new Error(`Port ${port} on ${host} is in use: stop what listens there or choose another port.`, { cause: error });
  if (error.code === 'EACCES') return new Error(`Port ${port} on ${host} may not be opened by this user.`, { cause: error });
  return error;
}
