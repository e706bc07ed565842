import { type Clock } from '@trawling/runtime';
import { createReportSender, type SendReportsDeps } from '../reports/send-reports.js';
import { busyWaitMs } from '../sync/busy-wait.js';
import { SyncError } from '../sync/sync-error.js';
import { offlineBackoffMs } from './offline-backoff.js';
import { type Wake } from './wake.js';

export interface KeepSendingDeps extends SendReportsDeps {
  clock: Clock;
  random(): number;
  wakes: { reports: Wake };
  stop: AbortSignal;
}

/** Metrics do not ring; they go with the next look. */
const LOOK_MS = 15_000;

/** Sends what waits whenever there is something, until stopped or gone. */
export async function keepSending(deps: KeepSendingDeps): Promise<void> {
  const send = createReportSender(deps);
  let failures = 0;
  while (!deps.stop.aborted) {
    try {
      await send();
      failures = 0;
      await deps.wakes.reports.wait(LOOK_MS);
    } catch (error) {
      if (error instanceof SyncError && error.failure.kind === 'gone') return;
      const busyMs = error instanceof SyncError && error.failure.kind === 'busy' ? busyWaitMs(error.failure.retryAfterMs, deps.random) : null;
      deps.logger.debug({ err: error }, 'reports wait');
      await deps.clock.sleep(busyMs ?? offlineBackoffMs(failures, deps.random), deps.stop);
      failures += 1;
    }
  }
}
