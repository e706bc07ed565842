import { DomainError } from '@trawling/contracts';
import { type IncomingMessage } from 'node:http';

/**
 * The JSON body of a request that does not go through Express, within `limit` bytes. Throws what any route throws:
 * unsupported-media-type, payload-too-large, malformed-json. An empty body is `undefined`.
 */
export async function readJson(req: IncomingMessage, limit: number): Promise<unknown> {
  const length = req.headers['content-length'];
  if (length === '0' || (length === undefined && req.headers['transfer-encoding'] === undefined)) return undefined;
  if (!isJson(req.headers['content-type']) || req.headers['content-encoding'] !== undefined) {
    throw new DomainError('unsupported-media-type', 'Send uncompressed application/json in UTF-8.');
  }
  const text = await readText(req, limit, length === undefined ? null : Number(length));
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    // The parser's own message may repeat what was sent.
    throw new DomainError('malformed-json', 'The body could not be parsed as JSON.');
  }
}

const jsonInUtf8 = /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;
const isJson = (contentType: string | undefined): boolean => contentType !== undefined && jsonInUtf8.test(contentType);

const tooLarge = (): DomainError => new DomainError('payload-too-large', 'The body is larger than this address accepts.');

function readText(req: IncomingMessage, limit: number, length: number | null): Promise<string> {
  if (length !== null && length > limit) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        // The rest is read and forgotten, so that the answer reaches who sends it.
        req.removeAllListeners('data').resume();
        reject(tooLarge());
        return;
      }
      chunks.push(chunk);
    });
    req.once('end', () => resolve(chunks.length === 1 ? String(chunks[0]) : Buffer.concat(chunks).toString('utf8')));
    req.once('error', reject);
    req.once('close', () => {
      // Every request closes in the end: an error is only made for one that lacks something.
      if (!req.readableEnded) reject(new DomainError('invalid-request', 'The request ended before its body did.'));
    });
  });
}
