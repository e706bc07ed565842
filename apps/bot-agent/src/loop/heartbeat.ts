import { type BotStatus, type JsonObject } from '@trawling/contracts';
import { type Clock, jitter, type Logger } from '@trawling/runtime';
import { type ServerClock } from '../reports/server-clock.js';
import { busyWaitMs } from '../sync/busy-wait.js';
import { type SyncClient } from '../sync/sync-client.js';
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
      const sent_at = deps.serverClock.now().toISOString();
      const sentMs = deps.serverClock.machineMs();
      const answer = await deps.client.heartbeat({ ...deps.status(), boot_id: deps.bootId, sequence, sent_at });
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

function waitAfter(error: unknown, failures: number, random: () => number): number {
  const failure = error instanceof SyncError ? error.failure : null;
  if (failure?.kind === 'busy') return busyWaitMs(failure.retryAfterMs, random);
  return offlineBackoffMs(failures, random);
}

/** How the bot is, in one word and with the reasons. */
export function healthOf(input: {
  gateway: BotStatus['gateway']['state'];
  givenUpJobs: string;
  /** Paths that are not as applied and are left so. */
  drift: readonly string[];
  failedVersion: string | null;
  fence: string;
  diskRefuses: boolean;
  /** What the applied config was made for, and what runs; null: not known yet. */
  openclaw: { wanted: string | null; running: string | null };
}): BotStatus['health'] {
  const details: JsonObject = {
    gateway: input.gateway,
    ...(input.givenUpJobs === '[]' ? {} : { jobs_disabled_by_openclaw: JSON.parse(input.givenUpJobs) }),
    ...(input.drift.length === 0 ? {} : { drifted_paths: input.drift.slice(0, 10) }),
    ...(input.failedVersion === null ? {} : { failed_version: input.failedVersion }),
    ...(input.fence === 'none' ? {} : { fence: input.fence }),
    ...(input.diskRefuses ? { disk: 'takes no reports: they wait in memory' } : {}),
  };
  const degraded = input.gateway !== 'ready' || Object.keys(details).length > 1;
  const { wanted, running } = input.openclaw;
  // Worth knowing, no fault: a machine gets another OpenClaw by being replaced.
  if (wanted !== null && running !== null && wanted !== running) details['openclaw_version'] = { wanted, running };
  if (input.gateway === 'down') return { status: 'unhealthy', details };
  return { status: degraded ? 'degraded' : 'healthy', details };
}
