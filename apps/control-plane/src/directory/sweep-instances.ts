import { deleteGoneServices, deleteOldHistory, exclusively, notify, sweepBotStatuses, sweepSilentServices, type Transaction } from '@trawling/database';
import type { Logger } from '@trawling/runtime';
import { inBatches } from '../upkeep/housekeeping.js';

export type SweepInstancesDeps = {
  transaction: <T>(run: (tx: Transaction) => Promise<T>) => Promise<T>;
  logger: Logger;
};

/** Writes down whose status changed without a word: services that fell silent, and bots. Resolves with their ids. */
export async function sweepInstances(deps: SweepInstancesDeps): Promise<string[]> {
  const ids = await deps.transaction((tx) =>
    exclusively(tx, 'instances', async () => {
      const changed = [...(await sweepSilentServices(tx)), ...(await sweepBotStatuses(tx))];
      if (changed.length > 0) await notify(tx, { topic: 'instance', ids: changed });
      return changed;
    }),
  );
  if (ids && ids.length > 0) deps.logger.info({ changed: ids.length, first: ids.slice(0, 10) }, 'instances changed their status');
  return ids ?? [];
}

export type PruneInstancesDeps = SweepInstancesDeps & {
  /** Days for which services that are offline, and history, stay. */
  instancesRetentionDays: number;
};

/** Forgets services that are gone for good, then history that is too old. */
export async function pruneInstances(deps: PruneInstancesDeps): Promise<void> {
  const days = deps.instancesRetentionDays;
  await inBatches(deps, 'gone-instances', async (tx, limit) => {
    const ids = await deleteGoneServices(tx, { days, limit });
    if (ids.length > 0) await notify(tx, { topic: 'instance', ids });
    return ids.length;
  });
  await inBatches(deps, 'instance-history', (tx, limit) => deleteOldHistory(tx, { days, limit }));
}
