/** Heartbeats a bot may miss before it counts as offline. */
const INTERVALS = 3;
/** The agent's jitter on its interval. */
const JITTER = 1.1;
/** Seconds for a slow request and the clock of the process that answers it. */
const MARGIN_SECONDS = 10;

/** The longest an agent that has failed for long waits before it tries to reach a sync-adapter again. Seconds. */
export const LONGEST_OFFLINE_WAIT_SECONDS = 300;

/** How long one heartbeat proves life: three intervals at their longest, and a margin. Seconds in, seconds out. */
export function leaseSeconds(heartbeatSeconds: number): number {
  return Math.ceil(INTERVALS * heartbeatSeconds * JITTER) + MARGIN_SECONDS;
}

/** Online while the lease ends in the future. `now` is the database's time, as the lease is. */
export function isOnline(leaseExpiresAt: Date | null, now: Date): boolean {
  return leaseExpiresAt !== null && leaseExpiresAt.getTime() > now.getTime();
}
