import { forgetOldRecords, type HousekeepingDeps, keepMetricPartitions, pruneEvents, pruneVersions } from './housekeeping.js';
import type { UpkeepTask } from './start-upkeep.js';
import { createPresenceSweep, type SweepPresenceDeps } from './sweep-presence.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** What the control plane does besides answering. Each task takes its turn among the replicas. */
export const upkeepTasks = (deps: HousekeepingDeps & SweepPresenceDeps): UpkeepTask[] => [
  { name: 'presence', everyMs: 5 * SECOND, run: createPresenceSweep(deps) },
  { name: 'metric-partitions', everyMs: 60 * MINUTE, run: async () => void (await keepMetricPartitions(deps)) },
  { name: 'config-versions', everyMs: 60 * MINUTE, run: async () => void (await pruneVersions(deps)) },
  { name: 'routine-events', everyMs: 60 * MINUTE, run: async () => void (await pruneEvents(deps)) },
  { name: 'old-records', everyMs: 5 * MINUTE, run: () => forgetOldRecords(deps) },
];
