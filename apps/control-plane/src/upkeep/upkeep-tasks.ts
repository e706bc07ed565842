import { receiverBeatStore } from '@trawling/database';
import { pruneInstances, type PruneInstancesDeps, sweepInstances } from '../directory/sweep-instances.js';
import { forgetOldRecords, type HousekeepingDeps, keepMetricPartitions, pruneEvents, pruneVersions } from './housekeeping.js';
import type { UpkeepTask } from './start-upkeep.js';
import { createPresenceSweep, type SweepPresenceDeps } from './sweep-presence.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** What the control plane does besides answering. Each task takes its turn among the replicas. */
export const upkeepTasks = (deps: HousekeepingDeps & SweepPresenceDeps & PruneInstancesDeps): UpkeepTask[] => [
  { name: 'presence', everyMs: 5 * SECOND, run: createPresenceSweep(deps) },
  // That statuses can be received now: whoever falls silent while no control plane is there is not called offline.
  { name: 'receiver-beat', everyMs: 5 * SECOND, run: () => receiverBeatStore(deps.pool).beatAsReceiver('control-plane') },
  { name: 'instances', everyMs: 5 * SECOND, run: async () => void (await sweepInstances(deps)) },
  { name: 'old-instances', everyMs: 60 * MINUTE, run: () => pruneInstances(deps) },
  { name: 'metric-partitions', everyMs: 60 * MINUTE, run: async () => void (await keepMetricPartitions(deps)) },
  { name: 'config-versions', everyMs: 60 * MINUTE, run: async () => void (await pruneVersions(deps)) },
  { name: 'routine-events', everyMs: 60 * MINUTE, run: async () => void (await pruneEvents(deps)) },
  { name: 'old-records', everyMs: 5 * MINUTE, run: () => forgetOldRecords(deps) },
];
