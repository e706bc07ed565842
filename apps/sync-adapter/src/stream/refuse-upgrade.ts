import { type DomainError } from '@trawling/contracts';
import { problemReply } from '@trawling/http';
import { STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';

/** Answers a request to upgrade as any other refused request is answered, and ends its connection. */
export function refuseUpgrade(socket: Duplex, error: DomainError, requestId: string): void {
  if (!socket.writable) return void socket.destroy();
  const { status, headers, raw } = problemReply(error, requestId);
  const lines = Object.entries({
    ...headers,
    ...(status === 426 && { Upgrade: 'websocket' }),
    'X-Request-Id': requestId,
    'Cache-Control': 'private, no-store',
    'Content-Length': String(Buffer.byteLength(raw)),
    'Connection': 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\n${lines.join('')}\r\n${raw}`);
}
