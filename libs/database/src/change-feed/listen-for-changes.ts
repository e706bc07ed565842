import { Client } from 'pg';
import { backoffMs, systemClock, type Clock } from '@trawling/runtime';
import { changeChannel, decodeChange, type Change } from './change.js';

export type ChangeFeedOptions = {
  /** A direct connection: LISTEN does not survive a pooler in transaction mode. */
  url: string;
  onChange: (change: Change) => void;
  /** Called each time a broken connection listens again: what happened meanwhile is lost, so read everything. */
  onReconnect: () => void;
  logger?: { warn: (details: object, message: string) => void };
  clock?: Clock;
  random?: () => number;
  /** How often the connection is tried, so that a half-open one is noticed. */
  pingMs?: number;
};

export type ChangeFeed = { close: () => Promise<void> };

const connectMs = 5_000;
const pingAnswerMs = 5_000;

/**
 * Listens on a connection of its own and reconnects for ever, 0.1 to 10 s apart.
 * Resolves when it listens; rejects when the first attempt fails.
 */
export async function listenForChanges(options: ChangeFeedOptions): Promise<ChangeFeed> {
  const { clock = systemClock, random = Math.random, pingMs = 15_000 } = options;
  const closing = new AbortController();

  const session = async (): Promise<Session> => openSession({ url: options.url, onChange: options.onChange });
  let current = await session();

  const keepListening = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const error = await untilBroken(current, { clock, pingMs, signal: closing.signal });
      await current.end();
      if (closing.signal.aborted) return;
      options.logger?.warn({ err: error }, 'the change feed broke; reconnecting');
      const next = await reconnect();
      if (!next) return;
      current = next;
      options.onReconnect();
    }
  };

  const reconnect = async (): Promise<Session | null> => {
    for (let attempt = 0; !closing.signal.aborted; attempt++) {
      await clock.sleep(backoffMs({ attempt, baseMs: 100, maxMs: 10_000, random }), closing.signal);
      if (closing.signal.aborted) return null;
      try {
        const next = await session();
        if (!closing.signal.aborted) return next;
        await next.end();
      } catch (error) {
        options.logger?.warn({ err: error, attempt }, 'the change feed cannot reconnect yet');
      }
    }
    return null;
  };

  const running = keepListening();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

type Session = {
  /** Settles with the error that broke the connection. */
  broken: Promise<Error>;
  ping: () => Promise<unknown>;
  end: () => Promise<void>;
};

async function openSession({ url, onChange }: Pick<ChangeFeedOptions, 'url' | 'onChange'>): Promise<Session> {
  const client = new Client({
    connectionString: url,
    application_name: 'trawling change feed',
    connectionTimeoutMillis: connectMs,
    query_timeout: pingAnswerMs,
    keepAlive: true,
  });
  const broken = new Promise<Error>((resolve) => {
    client.on('error', resolve);
    client.on('end', () => resolve(new Error('the connection ended')));
  });
  client.on('notification', ({ payload }) => {
    const change = decodeChange(payload ?? '');
    if (change) onChange(change);
  });
  const end = async (): Promise<void> => {
    // A peer that is gone never answers the goodbye.
    await Promise.race([client.end().catch(() => undefined), broken, systemClock.sleep(1_000)]);
  };
  try {
    await client.connect();
    await client.query(`LISTEN ${changeChannel}`);
  } catch (error) {
    await end();
    throw error;
  }
  return { broken, ping: () => client.query('SELECT 1'), end };
}

/** Resolves with the reason when the session is broken, or when `signal` aborts. */
async function untilBroken(session: Session, { clock, pingMs, signal }: { clock: Clock; pingMs: number; signal: AbortSignal }): Promise<Error> {
  for (;;) {
    const nap = new AbortController();
    const stop = () => nap.abort();
    signal.addEventListener('abort', stop, { once: true });
    const error = await Promise.race([session.broken, clock.sleep(pingMs, nap.signal)]);
    nap.abort();
    signal.removeEventListener('abort', stop);
    if (error instanceof Error) return error;
    if (signal.aborted) return new Error('closing');
    const failed = await session.ping().then(() => null, (reason: unknown) => reason);
    if (failed) return failed instanceof Error ? failed : new Error(String(failed));
  }
}
