import { type IncomingMessage, type Server } from 'node:http';
import { type Logger } from '@trawling/runtime';

/** At once; whoever is on the machine could otherwise take every file handle of the agent, without saying a word. */
export const MAX_CONNECTIONS = 200;

/** On the port of last time; on another one when somebody took it meanwhile. Resolves with the port. */
export async function listenOnLoopback(server: Server, port: number, logger: Logger): Promise<number> {
  // Callers are on this very machine: whoever says nothing for so long has no more to say.
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.maxConnections = MAX_CONNECTIONS;
  try {
    return await listenOn(server, port);
  } catch (error) {
    if (port === 0) throw error;
    logger.warn({ err: error, port }, 'a port of this machine’s agent is taken; using another one');
    return listenOn(server, 0);
  }
}

export const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Null when the body is larger than that; the rest of it is not read then. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > maxBytes) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const listenOn = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no address'));
      else resolve(address.port);
    });
  });
