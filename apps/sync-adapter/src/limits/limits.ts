/** What one bot may send to one address. */
export interface RouteLimit {
  /** Calls at once after a quiet time, and as many in each `seconds` for ever. Beyond: 429 with Retry-After. */
  calls: number;
  seconds: number;
  /** Bytes of a body. Beyond: 413. */
  bodyBytes?: number;
  /** Items of a batch. Beyond: 413. */
  items?: number;
}

/**
 * Every limit of the bots' protocol, on one screen; docs/protocol.md repeats it (tested). Rates are a brake on a bot
 * that went wrong, far above what a healthy one needs: it polls every 30 s and sends a spool of a day in minutes. They
 * are counted by each replica for itself. What all bots together may have waiting for the database is in
 * writes/open-writes.ts: beyond that they hear 503 with Retry-After.
 */
export const limits = {
  enroll: { calls: 30, seconds: 60, bodyBytes: 16_384 },
  boot: { calls: 30, seconds: 60, bodyBytes: 16_384 },
  stream: { calls: 30, seconds: 60 },
  config: { calls: 300, seconds: 60 },
  keys: { calls: 60, seconds: 60 },
  secrets: { calls: 60, seconds: 60 },
  credentials: { calls: 10, seconds: 60, bodyBytes: 16_384 },
  config_ack: { calls: 120, seconds: 60, bodyBytes: 262_144 },
  heartbeat: { calls: 120, seconds: 60, bodyBytes: 65_536 },
  metrics: { calls: 120, seconds: 60, bodyBytes: 1_048_576, items: 1_000 },
  events: { calls: 120, seconds: 60, bodyBytes: 1_048_576, items: 1_000 },
  webhook: { calls: 120, seconds: 60, bodyBytes: 1_048_576, items: 1_000 },
} as const satisfies Record<string, RouteLimit>;

export type LimitedRoute = keyof typeof limits;
