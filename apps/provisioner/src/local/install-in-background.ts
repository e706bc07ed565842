import { type Clock, type Logger } from '@trawling/runtime';
import { ensureOpenclawRuntime } from './openclaw-runtime.js';
import { type RuntimeStatus } from './local-driver.js';
import { RuntimeUnavailable } from './runtime-unavailable.js';

const AGAIN_AFTER_MS = 30_000;

export type BackgroundInstall = {
  status: () => RuntimeStatus;
  /** Ends an installation that is under way; the next one goes on from npm's cache. */
  stop: () => Promise<void>;
};

/** Gets OpenClaw ready while everything else already works; what keeps it from that is tried again every 30 s. */
export function installInBackground(
  deps: { clock: Clock; logger: Logger },
  input: { cacheDir: string; manifestFolder?: string },
): BackgroundInstall {
  const stopping = new AbortController();
  let status: RuntimeStatus = { state: 'installing', reason: 'OpenClaw is being installed' };
  const onProgress = (line: string): void => {
    deps.logger.info(line);
    status = { state: 'installing', reason: line };
  };
  const working = (async () => {
    while (!stopping.signal.aborted) {
      try {
        status = { state: 'ready', runtime: await ensureOpenclawRuntime({ ...input, clock: deps.clock, onProgress, signal: stopping.signal }) };
        deps.logger.info({ version: status.runtime.version }, 'OpenClaw is ready');
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        const isExplained = error instanceof RuntimeUnavailable;
        if (!isExplained) deps.logger.error({ err: error }, 'OpenClaw could not be installed');
        else deps.logger.error(error.message);
        status = { state: 'failed', reason: isExplained ? error.message : 'OpenClaw could not be installed; the provisioner\'s log says why' };
        await deps.clock.sleep(AGAIN_AFTER_MS, stopping.signal);
      }
    }
  })();
  return {
    status: () => status,
    stop: () => {
      stopping.abort();
      return working;
    },
  };
}
