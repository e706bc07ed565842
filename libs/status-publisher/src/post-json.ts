import { type Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { type HttpAnswer } from './read-answer.js';

export type JsonPost = { url: URL; headers: Record<string, string>; body: string; agent: Agent; signal: AbortSignal };

/** An answer of a receiver is small. */
const MAX_ANSWER_BYTES = 64 * 1024;
const NO_CONTENT = 204;

/**
 * One POST, sent once, and its answer to the end. Any status is an answer, a redirect too. Node's own client and nothing
 * around it: it follows nothing, knows no proxies and costs a thousand publishers on one computer half of what axios does.
 * Rejects with Node's error when there is no whole answer, also when `signal` aborts.
 */
export function postJson({ url, headers, body, agent, signal }: JsonPost): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: { ...headers, 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) } };
    const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    const letGo = (): void => void request.destroy();
    let whole = false;
    signal.addEventListener('abort', letGo, { once: true });
    request.on('error', reject);
    request.on('close', () => {
      signal.removeEventListener('abort', letGo);
      if (!whole) reject(new Error('the connection was closed before the answer was whole'));
    });
    request.on('response', (response) => {
      const done = (text: string | null): void => {
        whole = true;
        resolve({ ...headersOf(response), status: response.statusCode ?? 0, body: text });
        if (text === null) letGo();
      };
      // It has no body: what follows all the same is not a part of the answer, and must not spoil it.
      if (response.statusCode === NO_CONTENT) done('');
      readAll(response, done);
    });
    request.end(body);
    if (signal.aborted) letGo();
  });
}

/** Only an answer that ended is one; null when there is too much of it. */
function readAll(response: IncomingMessage, done: (text: string | null) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;
  response.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) done(null);
  });
  response.on('error', () => undefined);
  response.on('end', () => done(Buffer.concat(chunks).toString('utf8')));
}

const headersOf = ({ headers }: IncomingMessage) => ({ contentType: headers['content-type'], retryAfter: headers['retry-after'], date: headers.date });
