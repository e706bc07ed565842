import { Client, type QueryConfig } from 'pg';
import { systemClock } from '@trawling/runtime';
import { changeChannel, decodeChange, type Change } from './change.js';
import { openChangeScan, type ChangeScan, type ScanClient } from './change-scan.js';

export type FeedSession = {
  /** Aborts when the connection breaks; its reason is the error. */
  broken: AbortSignal;
  scan: ChangeScan['read'];
  end: () => Promise<void>;
};

const connectMs = 5_000;
const answerMs = 5_000;
/** A connection that takes longer to answer a scan is given up: what is not confirmed within 5 s is not trusted. */
const scanMs = 1_500;

/** One connection that LISTENs and scans; it is never mended, only replaced. */
export async function openFeedSession(options: {
  url: string;
  onChange: (change: Change) => void;
  monotonicMs: () => number;
}): Promise<FeedSession> {
  const client = new Client({
    connectionString: options.url,
    application_name: 'trawling change feed',
    connectionTimeoutMillis: connectMs,
    query_timeout: answerMs,
    keepAlive: true,
  });
  const breaking = new AbortController();
  const broken = breaking.signal;
  client.on('error', (error) => breaking.abort(error));
  client.on('end', () => breaking.abort(new Error('the connection ended')));
  let scan: ChangeScan | undefined;
  client.on('notification', ({ payload }) => {
    const told = decodeChange(payload ?? '');
    if (!told) return;
    const isNews = told.logId === null || !scan || scan.hear(told.logId);
    if (isNews) options.onChange(told.change);
  });
  const end = async (): Promise<void> => {
    // A peer that is gone never answers the goodbye.
    await Promise.race([client.end().catch(() => undefined), systemClock.sleep(1_000, broken)]);
  };
  try {
    await client.connect();
    await client.query(`LISTEN ${changeChannel}`);
    const opened = await openChangeScan(scanning(client), options.monotonicMs);
    scan = opened;
    return { broken, scan: opened.read, end };
  } catch (error) {
    await end();
    throw error;
  }
}

const scanning = (client: Client): ScanClient => ({
  query(text, values) {
    // The published types do not know the time-out of one query.
    const query: QueryConfig & { query_timeout: number } = { text, values, query_timeout: scanMs };
    return client.query(query);
  },
});
