import { type BotConfigPayload, type Sha256 } from '@trawling/contracts';
import { type Clock, jitter, type Logger } from '@trawling/runtime';
import { type Reporter } from '../reports/reporter.js';
import { type KeySetKeeper } from '../sync/key-set.js';
import { type FetchedConfig, type SyncClient } from '../sync/sync-client.js';
import { SyncError } from '../sync/sync-error.js';
import { verifyConfig, type Verdict } from '../sync/verify-config.js';
import { offlineBackoffMs } from './offline-backoff.js';
import { type Wake } from './wake.js';

export interface PollConfigDeps {
  client: Pick<SyncClient, 'config'>;
  keySet: KeySetKeeper;
  botId: string;
  /** What runs here: nothing older is taken. */
  applied(): { version: string; hash: string } | null;
  /** Seconds between two looks; the newest config's own number. */
  pollSeconds(): number;
  /** Takes up a verified payload. */
  offer(payload: BotConfigPayload): void;
  reporter: Reporter;
  clock: Clock;
  random(): number;
  logger: Logger;
  /** Rung when somebody said that there is something newer. */
  wake: Wake;
  stop: AbortSignal;
}

const JITTER = 0.1;
const LONGEST_WAIT_SECONDS = 60;
/** The calls themselves keep still for an hour after a 401. */
const UNAUTHORIZED_MS = 300_000;

/**
 * Asks for the desired config at its own pace until stopped or gone, each request waiting at the server for something
 * newer. `known` is the newest hash this machine knows, whatever came of it.
 */
export async function pollConfig(deps: PollConfigDeps, known: Sha256 | null): Promise<void> {
  let failures = 0;
  let refused = '';
  while (!deps.stop.aborted) {
    const started = deps.clock.monotonicMs();
    const paceMs = jitter(deps.pollSeconds() * 1000, JITTER, deps.random);
    const hurry = deps.wake.bell();
    const rungAtStart = hurry.aborted;
    try {
      const waitSeconds = rungAtStart ? 0 : Math.min(LONGEST_WAIT_SECONDS, deps.pollSeconds());
      const fetched = await deps.client.config({ known, waitSeconds, ...(rungAtStart ? {} : { signal: hurry }) });
      failures = 0;
      if (fetched.kind === 'payload') {
        const verdict = await verify(deps, fetched);
        if (verdict.ok) {
          known = verdict.payload.hash;
          deps.offer(verdict.payload);
          continue;
        }
        if (refused !== verdict.message) await sayRefused(deps, verdict);
        refused = verdict.message;
      }
      await deps.wake.wait(Math.max(0, paceMs - (deps.clock.monotonicMs() - started)));
    } catch (error) {
      if (error instanceof SyncError && error.failure.kind === 'gone') return;
      if (!rungAtStart && hurry.aborted) continue;
      deps.logger.debug({ err: error }, 'no config');
      await deps.wake.wait(waitAfter(error, failures, deps.random));
      failures += 1;
    }
  }
}

/** A key nobody here knows may be a new one: the root key's word on the set decides. */
async function verify(deps: PollConfigDeps, { text, signature }: Extract<FetchedConfig, { kind: 'payload' }>): Promise<Verdict> {
  const input = { text, signature, botId: deps.botId, applied: deps.applied() };
  const first = await verifyConfig({ ...input, keySet: deps.keySet.current() ?? (await deps.keySet.refresh()) });
  if (first.ok || first.reason !== 'unknown-key') return first;
  return verifyConfig({ ...input, keySet: await deps.keySet.refresh() });
}

async function sayRefused({ reporter, logger }: PollConfigDeps, { reason, message }: Extract<Verdict, { ok: false }>): Promise<void> {
  logger.error({ reason, message }, 'a config was refused and is not applied');
  await reporter.event('config_refused', 'error', `A config was refused and is not applied: ${message}`, { reason, security: true });
}

function waitAfter(error: unknown, failures: number, random: () => number): number {
  const failure = error instanceof SyncError ? error.failure : null;
  if (failure?.kind === 'busy') return failure.retryAfterMs;
  if (failure?.kind === 'unauthorized') return UNAUTHORIZED_MS;
  return offlineBackoffMs(failures, random);
}
