import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type Readable } from 'node:stream';
import { type InstanceStatus } from '@trawling/contracts';
import { isErrorWithCode } from '@trawling/runtime';
import axios from 'axios';
import { type Failure, type Outcome } from './outcome.js';
import { readAnswer } from './read-answer.js';

/** Sends one status, once. Gives up, and resolves, when `signal` aborts. Never rejects. */
export type SendStatus = (status: InstanceStatus, signal: AbortSignal) => Promise<Outcome>;

export type SenderOptions = {
  url: URL;
  apiKey: string;
  /** Further certificate authority, PEM; by default those of Node (and NODE_EXTRA_CA_CERTS). */
  ca?: string | undefined;
  now: () => Date;
};

/** An answer of a receiver is small. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Sends statuses to one receiver: certificates are always checked (NODE_TLS_REJECT_UNAUTHORIZED changes nothing), redirects
 * never followed, proxies never used, answers bounded. Each status has a connection of its own: one kept for 30 seconds
 * would mostly have been closed by the other side meanwhile, and be taken for a failure. `close` ends what is under way.
 */
export function createSender({ url, apiKey, ca, now }: SenderOptions): { send: SendStatus; close: () => void } {
  const agent =
    url.protocol === 'https:' ? new HttpsAgent({ keepAlive: false, rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) }) : new HttpAgent({ keepAlive: false });

  return {
    close: () => agent.destroy(),
    async send(status, signal) {
      try {
        const response = await axios.request<Readable>({
          method: 'POST',
          url: url.href,
          data: JSON.stringify(status),
          headers: {
            Authorization: `Bearer ${apiKey}`,
            'Content-Type': 'application/json',
            Accept: 'application/json',
            'Accept-Encoding': 'identity',
            'User-Agent': `${status.service_name.replaceAll(' ', '-')}/${/^[\w.+-]+$/.test(status.version) ? status.version : '0'}`,
          },
          signal,
          httpAgent: agent,
          httpsAgent: agent,
          proxy: false,
          maxRedirects: 0,
          decompress: false,
          responseType: 'stream',
          validateStatus: () => true,
        });
        const body = await readBody(response.data);
        const header = (name: string): string | undefined => {
          const value: unknown = response.headers[name];
          return typeof value === 'string' ? value : undefined;
        };
        return readAnswer({ status: response.status, contentType: header('content-type'), retryAfter: header('retry-after'), date: header('date'), body }, now());
      } catch (error) {
        return failed(error, signal);
      }
    },
  };
}

/** To its end, because only then it is an answer; null when there is too much of it. */
async function readBody(stream: Readable): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (length > MAX_ANSWER_BYTES) return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Of the error only its code: an axios error carries the request, with the key and the payload. */
function failed(error: unknown, signal: AbortSignal): Failure {
  const failure = { ok: false, httpStatus: null, retryAfterMs: null, code: codeOf(error) } as const;
  if (signal.aborted) return { ...failure, reason: 'given-up', code: null };
  if (isErrorWithCode(error, ...CERTIFICATE_ERRORS)) return { ...failure, reason: 'certificate' };
  return { ...failure, reason: isErrorWithCode(error, 'ETIMEDOUT') ? 'timeout' : 'network' };
}

const codeOf = (error: unknown): string | null =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{0,59}$/.test(error.code) ? error.code : null;

/** How Node names what is wrong with a certificate. */
const CERTIFICATE_ERRORS = [
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_REJECTED',
  'CERT_UNTRUSTED',
  'CERT_CHAIN_TOO_LONG',
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
];
