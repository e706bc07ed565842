import { join } from 'node:path';
import { type Sha256 } from '@trawling/contracts';
import { sha256Of } from '@trawling/domain';
import { type Clock, type Logger } from '@trawling/runtime';
import { type Host } from '../host.js';
import { type MachinePaths } from '../machine/machine-paths.js';
import { type Reporter } from '../reports/reporter.js';
import { openJsonFile } from '../state/json-file.js';
import { type SyncHttp } from '../sync/sync-http.js';
import { AgentUpdate, buildFile, isBuildFile } from './agent-update.js';

export interface AgentUpdaterDeps {
  host: Host;
  paths: Pick<MachinePaths, 'shared' | 'update'>;
  /** The build that runs now. */
  running: Sha256;
  /** The build of machine.json, which is always there. */
  first: Sha256;
  http: SyncHttp;
  reporter: Pick<Reporter, 'event'>;
  clock: Pick<Clock, 'monotonicMs'>;
  logger: Logger;
  /** Ends this process in order; its supervisor starts the chosen build. */
  restart(): void;
}

export interface AgentUpdater {
  /** Brings the build that the applied config names; called again and again. */
  bring(wanted: Sha256): Promise<void>;
  /** The sync-adapter has answered a heartbeat. */
  heard(): Promise<void>;
}

const MAX_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 120_000;
const AGAIN_MS = 300_000;
/** A server that has no such build is asked again later, like one that does not answer. */
const NOT_THERE = [400, 401, 403, 404, 410];

/**
 * Replaces the running agent by the build that a signed and applied config names. The new one is on trial until it was
 * heard of; the one of machine.json starts it, and takes over again when it was not.
 */
export async function createAgentUpdater(deps: AgentUpdaterDeps): Promise<AgentUpdater> {
  const { host, paths, running, clock, logger } = deps;
  const file = await openJsonFile(host, paths.update, AgentUpdate);
  let notBeforeMs = -Infinity;
  let toldFailed: Sha256 | null = null;

  const install = async (wanted: Sha256): Promise<void> => {
    const { status, data } = await deps.http({
      method: 'GET', path: `/agent/${wanted}`, anonymous: true, maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, also: NOT_THERE,
    });
    if (status !== 200) throw new Error(`the sync-adapter answers ${status}`);
    if (sha256Of(data) !== wanted) throw new Error('what the sync-adapter sent does not have the digest of the config');
    await host.writeAtomic(buildFile(paths, wanted), data);
    await file.write({ sha256: wanted, state: 'trial', tries: 0 });
  };

  return {
    bring: async (wanted) => {
      const update = file.current();
      if (wanted === running || clock.monotonicMs() < notBeforeMs) return;
      // What runs is not what machine.json names, and nothing of ours is in between: a restart would change nothing.
      if (wanted === deps.first && update === null) return;
      if (update?.state === 'failed' && update.sha256 === wanted) {
        if (toldFailed !== wanted) await deps.reporter.event('agent_update_failed', 'error', 'The new build of the agent did not reach the fleet; the one before it runs on', { sha256: wanted });
        toldFailed = wanted;
        return;
      }
      notBeforeMs = clock.monotonicMs() + AGAIN_MS;
      try {
        await (wanted === deps.first ? file.remove() : install(wanted));
      } catch (error) {
        logger.warn({ err: error, sha256: wanted }, 'another build of the agent is wanted and cannot be had yet');
        return;
      }
      logger.info({ from: running, to: wanted }, 'restarting with another build of the agent');
      deps.restart();
    },

    heard: async () => {
      const update = file.current();
      if (update?.sha256 !== running || update.state !== 'trial') return;
      await file.write({ ...update, state: 'good' });
      await deps.reporter.event('agent_updated', 'info', 'Another build of the agent runs', { sha256: running });
      const keep = buildFile(paths, running);
      for (const name of await host.list(paths.shared)) {
        const other = join(paths.shared, name);
        if (isBuildFile(name) && other !== keep) await host.remove(other);
      }
    },
  };
}
