import { type IncomingMessage } from 'node:http';

/**
 * The first header of this name (in small letters), as it was sent. `req.headers` makes an object of all of them when it
 * is first touched, which costs a warm poll as much as the rest of its answer.
 */
export function rawHeader({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string | undefined {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const sent = rawHeaders[at] ?? '';
    if (sent.length === name.length && (sent === name || sent.toLowerCase() === name)) return rawHeaders[at + 1];
  }
  return undefined;
}
