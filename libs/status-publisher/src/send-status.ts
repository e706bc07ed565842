import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type InstanceStatus } from '@trawling/contracts';
import { isErrorWithCode } from '@trawling/runtime';
import { type Failure, type Outcome } from './outcome.js';
import { postJson } from './post-json.js';
import { readAnswer } from './read-answer.js';

/** Sends one status, once. Gives up, and resolves, when `signal` aborts. Never rejects. */
export type SendStatus = (status: InstanceStatus, signal: AbortSignal) => Promise<Outcome>;

export type SenderOptions = {
  url: URL;
  apiKey: string;
  /** The only certificate authority to trust, PEM; by default those of Node (and NODE_EXTRA_CA_CERTS). */
  ca?: string | undefined;
  now: () => Date;
};

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
        const answer = await postJson({
          url,
          agent,
          signal,
          headers: {
            Authorization: `Bearer ${apiKey}`,
            Accept: 'application/json',
            'User-Agent': `${status.service_name.replaceAll(' ', '-')}/${/^[\w.+-]+$/.test(status.version) ? status.version : '0'}`,
          },
          body: JSON.stringify(status),
        });
        return readAnswer(answer, now());
      } catch (error) {
        return failed(error, signal);
      }
    },
  };
}

/** Of the error only its code: nothing that could carry the request. */
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
