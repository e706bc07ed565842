import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { DomainError, type LocalReport } from '@trawling/contracts';
import { hashToken, tokenMatches } from '@trawling/crypto';
import { type Clock, type Logger } from '@trawling/runtime';
import { type Host } from '../host.js';
import { openJsonFile } from '../state/json-file.js';
import { answerJson, answerProblem } from './http-answer.js';
import { LocalAddress } from './local-address.js';
import { closeServer, listenOnLoopback, readBody } from './loopback-listener.js';
import { readLocalReports } from './read-local-reports.js';

export interface LocalReportServer {
  url: string;
  close(): Promise<void>;
}

const PATH = '/reports';
const MAX_BYTES = 1024 * 1024;
/** Reports that may come at once, and how many more each second: a skill that runs wild must not push out the others'. */
const BURST = 1_000;
const PER_SECOND = 10;

/**
 * Takes reports of skills and command jobs on loopback, from whoever can read the token's file. Answers 202 only after
 * `accept` has them on the disk.
 */
export async function openLocalReportServer(deps: {
  host: Host;
  /** Where address and token are told to those who report, 0600. */
  path: string;
  randomBytes(size: number): Uint8Array;
  /** Resolves with the ids of the events that were made of them. */
  accept(reports: LocalReport[]): Promise<string[]>;
  clock: Clock;
  logger: Logger;
}): Promise<LocalReportServer> {
  const file = await openJsonFile(deps.host, deps.path, LocalAddress);
  const stored = file.current();
  const token = stored?.token ?? Buffer.from(deps.randomBytes(32)).toString('base64url');
  const expected = hashToken(`Bearer ${token}`);
  const take = createAllowance(deps.clock);

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url !== PATH) throw new DomainError('not-found', `POST ${PATH}`);
    if (request.method !== 'POST') throw new DomainError('method-not-allowed', `POST ${PATH}`);
    if (!tokenMatches(request.headers.authorization ?? '', expected)) throw new DomainError('unauthenticated', 'Send the token of local-reports.json.');
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) throw new DomainError('unsupported-media-type', 'Send application/json.');
    const text = await readBody(request, MAX_BYTES);
    if (text === null) throw new DomainError('payload-too-large', `More than ${MAX_BYTES} bytes.`);
    const reports = readLocalReports(parseJson(text));
    take(reports.length);
    const ids = await accept(deps, reports);
    answerJson(response, 202, { accepted: reports.length, event_ids: ids });
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const problem = error instanceof DomainError ? error : new DomainError('internal-error', '');
      if (problem !== error) deps.logger.error({ err: error }, 'a local report failed');
      answerProblem(response, problem);
    });
  });
  const port = await listenOnLoopback(server, stored ? Number(new URL(stored.url).port) : 0, deps.logger);
  const url = `http://127.0.0.1:${port}${PATH}`;
  if (url !== stored?.url) await file.write({ url, token });
  return { url, close: () => closeServer(server) };
}

async function accept(deps: { accept(reports: LocalReport[]): Promise<string[]>; logger: Logger }, reports: LocalReport[]): Promise<string[]> {
  try {
    return await deps.accept(reports);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    deps.logger.warn({ err: error }, 'a local report could not be kept');
    throw new DomainError('unavailable', 'The disk did not take the report: try again.', { retry_after: 30 });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DomainError('malformed-json', 'The body is not JSON.');
  }
}

/** Takes from a bucket that refills evenly; throws `rate-limited` when there is not enough. */
function createAllowance(clock: Pick<Clock, 'monotonicMs'>): (count: number) => void {
  let left = BURST;
  let atMs = clock.monotonicMs();
  return (count) => {
    const nowMs = clock.monotonicMs();
    left = Math.min(BURST, left + ((nowMs - atMs) / 1000) * PER_SECOND);
    atMs = nowMs;
    if (left < count) throw new DomainError('rate-limited', 'Too many reports.', { retry_after: Math.ceil((count - left) / PER_SECOND) });
    left -= count;
  };
}
