import { systemClock, uuid7 } from '@trawling/runtime';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createBotHttp, type BotConnections } from './bot-http.js';
import { openBotStream } from './bot-stream.js';
import { createGate } from './gate.js';
import { createCallLog, type LogSummary, type LogTally, summariseLogs } from './call-log.js';
import { type FleetFile, type SimulatedIdentity } from './fleet-file.js';
import { createNaps } from './nap.js';
import { openConnections } from './open-connections.js';
import { type Mode, runBot } from './run-bot.js';
import { createSimulatedBot } from './simulated-bot.js';

export type FleetOptions = {
  url: string;
  rootPublicJwk: FleetFile['root_public_jwk'];
  bots: readonly SimulatedIdentity[];
  mode: Mode;
  /** Over which the bots start; longer when their first configs take longer than that. */
  rampSeconds: number;
  metricsSeconds: number;
  /** Of a long poll. */
  waitSeconds: number;
  /** A hinted bot looks after a random part of this. */
  lookWithinSeconds: number;
  /** One kept-alive connection per bot, or a pool shared by all, as behind a proxy. */
  connections: 'own' | number;
  /** Bots that fetch and check their first config at once: a slow machine stretches the ramp, and does not fall over. */
  startingAtOnce: number;
};

type Members = {
  bots: number;
  /** Have applied a config. */
  synced: number;
  streams: number;
  seconds: number;
  /** How late the simulator's own event loop was at worst in 99 %: when this is high, so are the latencies, whatever the server does. */
  event_loop_p99_ms: number;
};
export type FleetSummary = Members & LogSummary;
/** A part of a fleet that runs in a process of its own, before the parts are summed up. */
export type FleetTally = Members & { log: LogTally };

/** When a bot was told to look, as milliseconds since the epoch with fractions. */
export type Hinted = { bot_id: string; at: number };

export type Fleet = {
  /** Since the last reset, as is the summary. */
  tally: () => FleetTally;
  summary: () => FleetSummary;
  hinted: () => readonly Hinted[];
  /** Forgets what was counted; the bots go on. */
  reset: () => void;
  stop: () => Promise<void>;
};

/** Starts the bots over `rampSeconds` and lets them live until `stop`. */
export function startFleet(options: FleetOptions): Fleet {
  const baseUrl = new URL(options.url);
  const log = createCallLog();
  const loopDelay = monitorEventLoopDelay({ resolution: 20 });
  loopDelay.enable();
  const shared = options.connections === 'own' ? null : openShared(baseUrl, options.connections);
  const starting = createGate(options.startingAtOnce);
  let since = systemClock.monotonicMs();
  let hinted: Hinted[] = [];

  const members = options.bots.map((identity, index) => {
    const life = new AbortController();
    const connections = shared ?? openOwn(baseUrl);
    const http = createBotHttp({ credential: identity.credential, connections, log, monotonicMs: systemClock.monotonicMs, signal: life.signal });
    const bot = createSimulatedBot(
      { http, log, now: systemClock.now, newId: uuid7, rootPublicJwk: options.rootPublicJwk },
      identity,
    );
    let isUp = (): boolean => false;
    const live = async (): Promise<void> => {
      await systemClock.sleep((index / options.bots.length) * options.rampSeconds * 1000, life.signal);
      if (life.signal.aborted) return;
      await runBot({
        clock: systemClock,
        newNap: createNaps(life.signal),
        random: Math.random,
        life,
        starting,
        onHint: () => hinted.push({ bot_id: identity.bot_id, at: performance.timeOrigin + performance.now() }),
        openStream: (onHint) => {
          const { bot_id: botId, credential } = identity;
          const stream = openBotStream({ baseUrl, botId, credential, log, clock: systemClock, random: Math.random, signal: life.signal, onHint });
          isUp = stream.isUp;
          return stream;
        },
      }, bot, options);
    };
    return { bot, life, connections, isUp: () => isUp(), ended: live().catch((error: unknown) => log.failed(`simulator: ${String(error)}`)) };
  });

  const tally = (): FleetTally => ({
    bots: members.length,
    synced: members.filter(({ bot }) => bot.applied() !== null).length,
    streams: members.filter(({ isUp }) => isUp()).length,
    seconds: (systemClock.monotonicMs() - since) / 1000,
    event_loop_p99_ms: loopDelay.percentile(99) / 1e6,
    log: log.tally(),
  });
  return {
    tally,
    summary: () => summariseFleet([tally()]),
    hinted: () => hinted,
    reset() {
      since = systemClock.monotonicMs();
      hinted = [];
      log.reset();
      loopDelay.reset();
    },
    async stop() {
      for (const { life } of members) life.abort();
      await Promise.all(members.map(({ ended }) => ended));
      const opened = new Set(members.flatMap(({ connections }) => [connections.quick, connections.patient]));
      await Promise.all([...opened].map((connections) => connections.close()));
      loopDelay.disable();
    },
  };
}

/** One for long polls, one for the rest, as a careful client has. */
const openOwn = (baseUrl: URL): BotConnections => ({
  quick: openConnections(baseUrl, { atMost: 1 }),
  patient: openConnections(baseUrl, { atMost: 1 }),
});

/** Of all bots; long polls have what they need, and leave nothing open. */
const openShared = (baseUrl: URL, connections: number): BotConnections => ({
  quick: openConnections(baseUrl, { atMost: connections }),
  patient: openConnections(baseUrl, { atMost: Infinity, idle: 0 }),
});

/** The parts of one fleet as a whole. */
export function summariseFleet(parts: readonly FleetTally[]): FleetSummary {
  const total = (of: (part: FleetTally) => number): number => parts.reduce((sum, part) => sum + of(part), 0);
  return {
    bots: total(({ bots }) => bots),
    synced: total(({ synced }) => synced),
    streams: total(({ streams }) => streams),
    seconds: Math.max(...parts.map(({ seconds }) => seconds)),
    event_loop_p99_ms: Math.max(...parts.map(({ event_loop_p99_ms: late }) => late)),
    ...summariseLogs(parts.map(({ log }) => log)),
  };
}
