import { type BotConfigPayload, type Sha256 } from '@trawling/contracts';
import { type Clock, jitter, type Logger } from '@trawling/runtime';
import { type SecurityEvents } from '../reports/security-events.js';
import { busyWaitMs } from '../sync/busy-wait.js';
import { fetchConfig, type FetchConfigDeps } from '../sync/fetch-config.js';
import { SyncError } from '../sync/sync-error.js';
import { offlineBackoffMs } from './offline-backoff.js';
import { type Wake } from './wake.js';

export interface PollConfigDeps extends FetchConfigDeps {
  /** Seconds between two looks; the newest config's own number. */
  pollSeconds(): number;
  /** Whether hints come: then nobody has to wait at the server. */
  streamIsUp(): boolean;
  /** Takes up a verified payload. */
  offer(payload: BotConfigPayload): void;
  security: SecurityEvents;
  clock: Clock;
  random(): number;
  logger: Logger;
  /** Rung when somebody said that there is something newer, and when the stream came or went. */
  wake: Wake;
  stop: AbortSignal;
}

const JITTER = 0.1;
const LONG_POLL_SECONDS = 50;
/** A server that does not hold the answer (it drains, or it does not know how) is not asked again at once. */
const UNHELD_PAUSE_MS = 5_000;
/** The calls themselves keep still for an hour after a 401. */
const UNAUTHORIZED_MS = 300_000;

/**
 * Keeps asking for the desired config until stopped or gone: at the config's own pace while the stream tells of
 * changes, else with requests that wait at the server. `known` is the newest hash this machine knows.
 */
export async function pollConfig(deps: PollConfigDeps, known: Sha256 | null): Promise<void> {
  let failures = 0;
  let refusals = 0;
  while (!deps.stop.aborted) {
    const startedMs = deps.clock.monotonicMs();
    const hurry = deps.wake.bell();
    const waitSeconds = hurry.aborted || deps.streamIsUp() ? 0 : LONG_POLL_SECONDS;
    try {
      const fetched = await fetchConfig(deps, { known, waitSeconds, ...(waitSeconds > 0 ? { signal: hurry } : {}) });
      failures = 0;
      if (fetched.kind === 'refused') {
        deps.security.say('security.config_refused', fetched.reason, `A config was refused and is not applied: ${fetched.message}`);
        refusals += 1;
      } else refusals = 0;
      if (fetched.kind === 'accepted') {
        known = fetched.payload.hash;
        deps.offer(fetched.payload);
      }
      const elapsedMs = deps.clock.monotonicMs() - startedMs;
      await deps.wake.wait(refusals > 0 ? offlineBackoffMs(refusals + 4, deps.random) : pauseMs(deps, { waitSeconds, elapsedMs, news: fetched.kind === 'accepted' }));
    } catch (error) {
      if (error instanceof SyncError && error.failure.kind === 'gone') return;
      if (waitSeconds > 0 && hurry.aborted) continue;
      deps.logger.debug({ err: error }, 'no config');
      await deps.wake.wait(waitAfter(error, failures, deps.random));
      failures += 1;
    }
  }
}

function pauseMs(deps: PollConfigDeps, last: { waitSeconds: number; elapsedMs: number; news: boolean }): number {
  const paceMs = jitter(deps.pollSeconds() * 1000, JITTER, deps.random);
  if (deps.streamIsUp()) return Math.max(0, paceMs - last.elapsedMs);
  const held = last.waitSeconds === 0 || last.news || last.elapsedMs > (last.waitSeconds * 1000) / 2;
  return held ? 0 : jitter(Math.min(paceMs, UNHELD_PAUSE_MS), JITTER, deps.random);
}

function waitAfter(error: unknown, failures: number, random: () => number): number {
  const failure = error instanceof SyncError ? error.failure : null;
  if (failure?.kind === 'busy') return busyWaitMs(failure.retryAfterMs, random);
  if (failure?.kind === 'unauthorized') return UNAUTHORIZED_MS;
  return offlineBackoffMs(failures, random);
}
