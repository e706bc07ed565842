import { type BotStatus, type JsonObject } from '@trawling/contracts';
import { type Clock, jitter, type Logger } from '@trawling/runtime';
import { type ServerClock } from '../reports/server-clock.js';
import { busyWaitMs } from '../sync/busy-wait.js';
import { type HeartbeatAnswer, type SyncClient } from '../sync/sync-client.js';
import { SyncError } from '../sync/sync-error.js';
import { offlineBackoffMs } from './offline-backoff.js';
import { type Wake } from './wake.js';

export interface HeartbeatDeps {
  client: Pick<SyncClient, 'heartbeat'>;
  /** Everything but what the loop itself counts. */
  status(): Omit<BotStatus, 'boot_id' | 'sequence' | 'sent_at'>;
  bootId: string;
  heartbeatSeconds(): number;
  serverClock: Pick<ServerClock, 'now' | 'machineMs' | 'heard'>;
  /** The lease was renewed. */
  onRenewed(): Promise<void>;
  /** There is a newer config than this machine has fetched. */
  onUpdateAvailable(): void;
  /** It was answered, or did not get through. */
  onTried(status: BotStatus, answered: boolean): void;
  /** Before each heartbeat: measures what goes with it. */
  measure(): Promise<void>;
  clock: Clock;
  random(): number;
  logger: Logger;
  wake: Wake;
  stop: AbortSignal;
}

const JITTER = 0.1;

/** Says "alive" at the config's pace (an answer may lengthen it until the next one) until stopped or gone. */
export async function sendHeartbeats(deps: HeartbeatDeps): Promise<void> {
  let failures = 0;
  for (let sequence = 0; !deps.stop.aborted; sequence += 1) {
    try {
      await deps.measure();
      const sentMs = deps.serverClock.machineMs();
      const answer = await send(deps, sequence);
      failures = 0;
      if (answer.serverTime !== null) await deps.serverClock.heard({ serverTime: answer.serverTime, sentMs, receivedMs: deps.serverClock.machineMs() });
      await deps.onRenewed();
      if (answer.updateAvailable) deps.onUpdateAvailable();
      const seconds = Math.max(deps.heartbeatSeconds(), answer.nextHeartbeatSeconds ?? 0);
      await deps.wake.wait(jitter(seconds * 1000, JITTER, deps.random));
    } catch (error) {
      if (error instanceof SyncError && error.failure.kind === 'gone') return;
      deps.logger.debug({ err: error }, 'no heartbeat');
      await deps.wake.wait(waitAfter(error, failures, deps.random));
      failures += 1;
    }
  }
}

async function send(deps: HeartbeatDeps, sequence: number): Promise<HeartbeatAnswer> {
  const status = { ...deps.status(), boot_id: deps.bootId, sequence, sent_at: deps.serverClock.now().toISOString() };
  try {
    const answer = await deps.client.heartbeat(status);
    deps.onTried(status, true);
    return answer;
  } catch (error) {
    deps.onTried(status, false);
    throw error;
  }
}

function waitAfter(error: unknown, failures: number, random: () => number): number {
  const failure = error instanceof SyncError ? error.failure : null;
  if (failure?.kind === 'busy') return busyWaitMs(failure.retryAfterMs, random);
  return offlineBackoffMs(failures, random);
}

/** How the bot is, in one word and with the reasons. */
export function healthOf(input: {
  gateway: BotStatus['gateway']['state'];
  givenUpJobs: readonly string[];
  /** Paths that are not as applied and are left so. */
  drift: readonly string[];
  failedVersion: string | null;
  fence: string;
  diskRefuses: boolean;
  /** What the applied config was made for, and what runs; null: not known yet. */
  openclaw: { wanted: string | null; running: string | null };
  /** The agent was told to end. */
  draining: boolean;
}): BotStatus['health'] {
  const details: JsonObject = {
    gateway: input.gateway,
    ...(input.givenUpJobs.length === 0 ? {} : { jobs_disabled_by_openclaw: [...input.givenUpJobs] }),
    ...(input.drift.length === 0 ? {} : { drifted_paths: input.drift.slice(0, 10) }),
    ...(input.failedVersion === null ? {} : { failed_version: input.failedVersion }),
    ...(input.fence === 'none' ? {} : { fence: input.fence }),
    ...(input.diskRefuses ? { disk: 'takes no reports: they wait in memory' } : {}),
  };
  const degraded = input.gateway !== 'ready' || Object.keys(details).length > 1;
  const { wanted, running } = input.openclaw;
  // Worth knowing, no fault: a machine gets another OpenClaw by being replaced.
  if (wanted !== null && running !== null && wanted !== running) details['openclaw_version'] = { wanted, running };
  // Nor is this one: but nobody is to count on the bot's agent from now on.
  if (input.draining) details['draining'] = true;
  if (input.gateway === 'down') return { status: 'unhealthy', details };
  return { status: degraded ? 'degraded' : 'healthy', details };
}
