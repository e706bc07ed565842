import { type IncomingMessage, type Server } from 'node:http';
import { type Duplex } from 'node:stream';
import { STREAM_CLOSE, type StreamHint, type StreamTopic } from '@trawling/contracts';
import { WebSocket, WebSocketServer } from 'ws';

export interface TestStream {
  /** How many streams were opened so far. */
  opened(): number;
  isOpen(): boolean;
  hint(topics: StreamTopic[]): void;
  /** Closes the open stream with that code. */
  closeWith(code: number): void;
  /** Answers the next upgrades with this instead; null takes it back. */
  refuse(answer: { status: number; code: string; retryAfter?: string } | null): void;
  /** Sends text as it is. */
  raw(text: string): void;
  ping(): void;
  close(): void;
}

/** GET /bots/{id}/stream as the contract has it: bearer first, a hint with every topic, the newest stream wins. */
export function serveStream(server: Server, input: { path: string; accepts(credential: string): boolean }): TestStream {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024 });
  let current: WebSocket | null = null;
  let opened = 0;
  let refusal: { status: number; code: string; retryAfter?: string } | null = null;
  const say = (hint: StreamHint) => current?.send(JSON.stringify(hint));

  const answer = (socket: Duplex, { status, code, retryAfter }: { status: number; code: string; retryAfter?: string }) => {
    const body = JSON.stringify({ type: 'about:blank', title: code, status, code });
    socket.end(
      `HTTP/1.1 ${status} X\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n${retryAfter ? `Retry-After: ${retryAfter}\r\n` : ''}\r\n${body}`,
    );
  };

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    if (refusal) return answer(socket, refusal);
    const credential = (request.headers.authorization ?? '').replace('Bearer ', '');
    if (request.url !== input.path) return answer(socket, { status: 404, code: 'not-found' });
    if (!input.accepts(credential)) return answer(socket, { status: 401, code: 'unauthenticated' });
    sockets.handleUpgrade(request, socket, head, (stream) => {
      current?.close(STREAM_CLOSE.replaced);
      current = stream;
      opened += 1;
      stream.on('close', () => {
        if (current === stream) current = null;
      });
      say({ type: 'look', topics: ['config', 'secrets', 'keys'] });
    });
  };
  server.on('upgrade', onUpgrade);

  return {
    opened: () => opened,
    isOpen: () => current?.readyState === WebSocket.OPEN,
    hint: (topics) => say({ type: 'look', topics }),
    closeWith: (code) => current?.close(code),
    refuse: (next) => (refusal = next),
    raw: (text) => current?.send(text),
    ping: () => current?.ping(),
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}
