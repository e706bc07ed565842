import { type BenchFleet } from '../seed/bench-fleet.js';

/** What is asked for; each kind is answered with one status when all is well. */
export type LoadKind = 'poll' | 'heartbeat' | 'metrics';
export const GOOD_STATUS = { poll: 304, heartbeat: 200, metrics: 200 } as const satisfies Record<LoadKind, number>;

/** The next request as the bytes to write. */
export type NextRequest = () => string;

/** Goes through the bots of the fleet, over and over. Requests are put together from parts made ahead: this must cost less than answering. */
export function requestsOf(kind: LoadKind, fleet: BenchFleet, host: string): NextRequest {
  const makers = { poll: polls, heartbeat: heartbeats, metrics: metricsBatches };
  return makers[kind](fleet, host);
}

type Bots = BenchFleet['bots'];

function roundRobin<T>(items: readonly T[]): () => T {
  let index = 0;
  return () => {
    const item = items[index];
    index = index + 1 === items.length ? 0 : index + 1;
    if (item === undefined) throw new Error('a fleet without bots');
    return item;
  };
}

const head = (host: string, method: string, bot: Bots[number], call: string, more: string): string =>
  `${method} /bots/${bot.bot_id}/${call} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${bot.credential}\r\n${more}\r\n`;
const json = (length: number): string => `Content-Type: application/json\r\nContent-Length: ${length}\r\n`;

function polls(fleet: BenchFleet, host: string): NextRequest {
  return roundRobin(fleet.bots.map((bot) => head(host, 'GET', bot, 'config', `If-None-Match: "${bot.hash}"\r\n`)));
}

/** 13 digits for the next centuries, so that every body has one length; it grows with every heartbeat, also of the next run. */
const firstSequence = (): number => Date.now();

function heartbeats(fleet: BenchFleet, host: string): NextRequest {
  let sequence = firstSequence();
  const parts = fleet.bots.map((bot) => {
    // The time of day of a body is that of the start: what matters is its size and that it is read.
    const body = JSON.stringify({
      boot_id: bot.bot_id, sequence: 0, sent_at: new Date().toISOString(), agent_version: '0.1.0', openclaw_version: '2026.9.6',
      uptime_seconds: 86_400.5, applied_version: '1', applied_hash: bot.hash, last_seen_version: '1',
      health: { status: 'healthy', details: {} }, gateway: { state: 'ready', restarts: 0 },
      spool: { pending: 0, dropped_metrics: 0, dropped_events: 0 }, clock_offset_ms: 12,
    });
    const [before = '', after = ''] = body.split('"sequence":0');
    const length = body.length + String(sequence).length - 1;
    return { before: `${head(host, 'POST', bot, 'heartbeat', json(length))}${before}"sequence":`, after };
  });
  const next = roundRobin(parts);
  return () => {
    const { before, after } = next();
    sequence += 1;
    return `${before}${sequence}${after}`;
  };
}

const NAMES = ['equity', 'cash', 'exposure', 'pnl_day', 'drawdown', 'positions', 'orders_open', 'cpu', 'memory', 'latency_ms'];

/** Ten points of one moment; no two batches of a bot have the same moment, so that none is a duplicate. */
function metricsBatches(fleet: BenchFleet, host: string): NextRequest {
  const points = NAMES.map((name, index) => ({ before: `{"name":"${name}","timestamp":"`, after: `","value":${1000 + index / 8},"labels":{}}` }));
  const pointAt = (timestamp: string): string => points.map(({ before, after }) => before + timestamp + after).join(',');
  let at = Date.now() - 3_600_000;
  let body = '';
  let used = fleet.bots.length;
  const length = pointAt(new Date().toISOString()).length + 2;
  const next = roundRobin(fleet.bots.map((bot) => head(host, 'POST', bot, 'metrics', json(length))));
  return () => {
    if (used === fleet.bots.length) {
      used = 0;
      at += 1;
      body = `[${pointAt(new Date(at).toISOString())}]`;
    }
    used += 1;
    return next() + body;
  };
}
