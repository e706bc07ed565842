import { backoffMs, type Clock } from '@trawling/runtime';
import { type EventFrame } from './frames.js';
import { type ConnectOptions, type GatewayConnection, openGatewayConnection } from './gateway-connection.js';
import { away, GatewayError } from './gateway-error.js';

/** `starting`: somebody listens but is not ready, or said it restarts; `down`: nobody listens. */
export type GatewayState = 'starting' | 'ready' | 'down';

export interface GatewayClientOptions extends Pick<ConnectOptions, 'url' | 'agentVersion' | 'platform'> {
  /** Read anew for every connection, so that a rotated token is picked up. */
  readToken(): Promise<string>;
  clock: Clock;
  random(): number;
  onEvent(event: EventFrame): void;
  /** Called after every hello; `restarted` when the boot id is another one than before. */
  onConnected(info: { bootId: string; version: string; restarted: boolean }): void;
  onState?(state: GatewayState, reason: string): void;
}

export interface GatewayClient {
  /** Begins. Before, the gateway counts as down and nobody is called: whoever is called can be made of this client first. */
  connect(): void;
  request(method: string, params: unknown, timeoutMs: number): Promise<unknown>;
  state(): GatewayState;
  /** Null until the first hello; kept while the gateway is away. */
  bootId(): string | null;
  version(): string | null;
  /** How often another boot id was seen than before. */
  restarts(): number;
  /** Resolves when connected, with a boot id other than `notBootId` if that is given; rejects `away` after timeoutMs. */
  whenConnected(timeoutMs: number, notBootId?: string | null): Promise<void>;
  close(): Promise<void>;
}

const HANDSHAKE_MS = 10_000;
const SERVICE_RESTART = 1012;
/** None of them ours to act on. */
const IGNORED_EVENTS = new Set(['tick', 'presence', 'health', 'chat']);

/** Keeps one connection to the gateway open from `connect` until `close`. */
export function createGatewayClient(options: GatewayClientOptions): GatewayClient {
  const stopping = new AbortController();
  let connection: GatewayConnection | null = null;
  let state: GatewayState = 'down';
  let bootId: string | null = null;
  let version: string | null = null;
  let restarts = 0;
  let waiters: { done(): boolean; settle(): void; giveUp(): void }[] = [];

  const enter = (next: GatewayState, reason: string) => {
    if (next === state) return;
    state = next;
    options.onState?.(next, reason);
  };

  const connectOnce = async (): Promise<number> => {
    const token = await options.readToken();
    let closed: (code: number) => void = () => undefined;
    const closing = new Promise<number>((resolve) => (closed = resolve));
    const opened = await openGatewayConnection({
      url: options.url,
      token,
      agentVersion: options.agentVersion,
      platform: options.platform,
      timeoutMs: HANDSHAKE_MS,
      onEvent: (event) => {
        if (!IGNORED_EVENTS.has(event.event)) options.onEvent(event);
      },
      onClose: (code) => closed(code),
    });
    const { server } = opened.hello;
    const restarted = bootId !== null && bootId !== server.bootId;
    if (restarted) restarts += 1;
    bootId = server.bootId;
    version = server.version;
    connection = opened;
    if (stopping.signal.aborted) opened.close();
    enter('ready', 'connected');
    options.onConnected({ bootId: server.bootId, version: server.version, restarted });
    waiters = waiters.filter((waiter) => (waiter.done() ? (waiter.settle(), false) : true));
    const code = await closing;
    connection = null;
    return code;
  };

  /** How long to wait before the next attempt, in milliseconds. */
  const afterFailure = (error: unknown, attempt: number): number => {
    const asked = error instanceof GatewayError && error.failure.kind === 'away' ? error.failure.retryAfterMs : null;
    const reason = error instanceof Error ? error.message : String(error);
    enter(asked !== null || reason.includes('503') ? 'starting' : 'down', reason);
    return asked ?? backoffMs({ attempt, baseMs: 200, maxMs: 3000, random: options.random });
  };

  const run = async () => {
    let attempt = 0;
    while (!stopping.signal.aborted) {
      let waitMs: number;
      try {
        const code = await connectOnce();
        attempt = 0;
        enter(code === SERVICE_RESTART ? 'starting' : 'down', `connection closed with ${code}`);
        waitMs = 250;
      } catch (error) {
        waitMs = afterFailure(error, attempt);
        attempt += 1;
      }
      await options.clock.sleep(waitMs, stopping.signal).catch(() => undefined);
    }
  };
  let running: Promise<void> | undefined;

  return {
    connect: () => {
      running ??= run();
    },
    request: (method, params, timeoutMs) =>
      connection ? connection.request(method, params, timeoutMs) : Promise.reject(away(`${method}: the gateway is ${state}`)),
    state: () => state,
    bootId: () => bootId,
    version: () => version,
    restarts: () => restarts,
    whenConnected: (timeoutMs, notBootId = null) => {
      const done = () => connection !== null && (notBootId === null || bootId !== notBootId);
      if (done()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const giveUp = () => {
          clearTimeout(timer);
          waiters = waiters.filter((other) => other !== waiter);
          reject(away(`the gateway is ${state}: not back within ${timeoutMs} ms`));
        };
        const timer = setTimeout(giveUp, timeoutMs);
        const waiter = { done, settle: () => (clearTimeout(timer), resolve()), giveUp };
        waiters.push(waiter);
      });
    },
    close: async () => {
      stopping.abort();
      for (const waiter of waiters) waiter.giveUp();
      connection?.close();
      await running;
    },
  };
}
