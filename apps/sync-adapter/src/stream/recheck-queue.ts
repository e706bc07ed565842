import type { CredentialRow } from '@trawling/database';
import type { Clock, Logger } from '@trawling/runtime';
import { credentialVerdict, type Refusal } from '../authentication/credential-verdict.js';

export interface RecheckDeps<S> {
  findCredentials: (credentialIds: readonly string[]) => Promise<CredentialRow[]>;
  /** The holder of the stream may no longer speak for its bot. */
  onRefused: (stream: S, refusal: Refusal) => void;
  clock: Clock;
  logger: Logger;
}

export interface RecheckQueue<S> {
  add: (streams: Iterable<S>) => void;
  remove: (stream: S) => void;
  /** Resolves when nothing is being looked up any more. */
  close: () => Promise<void>;
}

/** Credentials read in one query. */
const CHUNK = 500;
/** How long a database that is away is left alone. Milliseconds. */
const RETRY_MS = 500;

/** Holds the holders of open streams to what the database says of their credentials now, not what memory remembers. */
export function createRecheckQueue<S extends { botId: string; credentialId: string }>(deps: RecheckDeps<S>): RecheckQueue<S> {
  const waiting = new Set<S>();
  const closing = new AbortController();
  let running: Promise<void> | undefined;

  const recheck = async (streams: readonly S[]): Promise<void> => {
    const rows = await deps.findCredentials(streams.map((stream) => stream.credentialId));
    const byId = new Map(rows.map((row) => [row.credentialId, row]));
    for (const stream of streams) {
      const row = byId.get(stream.credentialId);
      const refusal = row ? credentialVerdict(row, stream.botId) : 'unauthenticated';
      if (refusal) deps.onRefused(stream, refusal);
    }
  };

  const run = async (): Promise<void> => {
    while (waiting.size > 0 && !closing.signal.aborted) {
      // Taken off before looking: what changes while we look makes us look again.
      const streams = [...waiting].slice(0, CHUNK);
      streams.forEach((stream) => waiting.delete(stream));
      try {
        await recheck(streams);
      } catch (error) {
        streams.forEach((stream) => waiting.add(stream));
        deps.logger.warn({ err: error, streams: waiting.size }, 'the credentials of open streams cannot be checked; trying again');
        await deps.clock.sleep(RETRY_MS, closing.signal);
      }
    }
    running = undefined;
  };

  return {
    add(streams) {
      for (const stream of streams) waiting.add(stream);
      if (waiting.size > 0 && !closing.signal.aborted) running ??= run();
    },
    remove: (stream) => void waiting.delete(stream),
    async close() {
      closing.abort();
      await running;
    },
  };
}
