import { type Socket } from 'node:net';

/** The first line that comes, without its end. Throws when the other side closes before it, or sends more than `maxBytes`. */
export async function readLine(socket: Socket, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const data of socket.iterator({ destroyOnReturn: false })) {
    const chunk: Buffer = Buffer.isBuffer(data) ? data : Buffer.from(String(data));
    const end = chunk.indexOf('\n');
    chunks.push(end === -1 ? chunk : chunk.subarray(0, end));
    if (end !== -1) return Buffer.concat(chunks).toString('utf8');
    size += chunk.length;
    if (size > maxBytes) throw new Error(`more than ${maxBytes} bytes in one line`);
  }
  throw new Error('the connection ended before the line did');
}
