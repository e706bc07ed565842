import type { OrphanMachineStore } from '@trawling/database';
import { later, planReaping } from '@trawling/domain';
import type { Logger } from '@trawling/runtime';
import type { FoundMachine, MachineDriver } from './machine-driver.js';

export type ReapDeps = {
  orphans: OrphanMachineStore;
  driver: Pick<MachineDriver, 'kind' | 'destroy' | 'forget'>;
  logger: Logger;
  /** `report`: nothing but what somebody approved is destroyed. */
  mode: 'report' | 'destroy';
};

/** What the last sweep found without a bot, for whoever watches the provisioner. */
export type OrphanReport = { count: number; monthlyUsd: number; held: string | null };

export const NO_ORPHANS: OrphanReport = { count: 0, monthlyUsd: 0, held: null };

/** How long a machine whose destroy was asked for may still be seen before it is asked again, in milliseconds. */
const DESTROYING_MS = 60_000;

/**
 * Machines with our fleet's tag whose bot nobody knows: remembers since when, says what they cost, destroys those that
 * the plan names, by id. A destroy that fails is tried again by the next sweep.
 */
export async function reapOrphans(
  deps: ReapDeps,
  input: { without: readonly FoundMachine[]; known: number; databaseIsBehind: boolean },
): Promise<{ report: OrphanReport; destroyed: number }> {
  const { orphans, driver, logger, mode } = deps;
  const { without, known, databaseIsBehind } = input;
  const seen = without.map(({ monthlyUsd, ...machine }) => ({ ...machine, monthlyUsd: monthlyUsd ?? null }));
  const { now, orphans: rows } = await orphans.saveSeen(driver.kind, seen);
  const left = rows.filter(({ destroyedAt }) => destroyedAt === null || later(destroyedAt, DESTROYING_MS) <= now);
  const plan = planReaping({ now, known, mode, databaseIsBehind, orphans: left.map((row) => ({ ...row, approved: row.approvedAt !== null })) });
  let destroyed = 0;
  for (const providerId of plan.destroy) {
    logger.warn({ provider_id: providerId }, 'a machine without a bot is destroyed');
    try {
      await driver.destroy(providerId);
      await orphans.markDestroyed(driver.kind, providerId);
      destroyed += 1;
    } catch (error) {
      logger.warn({ err: error, provider_id: providerId }, 'the machine without a bot could not be destroyed');
      continue;
    }
    const botId = left.find((row) => row.providerId === providerId)?.botId;
    if (botId !== undefined) await driver.forget(botId).catch((error: unknown) => logger.warn({ err: error, bot_id: botId }, 'the tag of a bot that nobody knows stays'));
  }
  return { report: { count: left.length - destroyed, monthlyUsd: plan.monthlyUsd, held: plan.held }, destroyed };
}
