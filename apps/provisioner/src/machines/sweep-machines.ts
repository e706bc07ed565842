import { type MachineSituation, type MachineStore } from '@trawling/database';
import { planMachine } from '@trawling/domain';
import { type Logger } from '@trawling/runtime';
import { type FoundMachine, type MachineDriver } from './machine-driver.js';
import { toFacts } from './reconcile-machine.js';

export type SweepDeps = {
  store: Pick<MachineStore, 'listSituations' | 'knownBots'>;
  driver: Pick<MachineDriver, 'list' | 'destroy' | 'settleMs'>;
  enqueue: (job: { botId: string }) => Promise<void>;
  now: () => Date;
  logger: Logger;
};

/** When a machine without a bot was first seen; kept between sweeps. */
export type OrphanMemory = Map<string, Date>;

const PAGE = 500;
/** A machine without a bot is left alone this long: its bot's transaction may still be on its way. */
export const ORPHAN_GRACE_MS = 60_000;

/**
 * Looks at every bot and asks for a reconcile where the plan has a step to take: whatever a lost job, a killed worker,
 * a stopped machine or a restored database left behind. Machines of bots that nobody knows are destroyed after a grace
 * time, unless they are so many that rather the database must be wrong.
 */
export async function sweepMachines(deps: SweepDeps, orphans: OrphanMemory): Promise<{ enqueued: number; destroyed: number }> {
  const machines = await deps.driver.list();
  const byBot = groupByBot(machines);
  let enqueued = 0;
  for (let after: string | null = null; ; ) {
    const page: MachineSituation[] = await deps.store.listSituations({ after, limit: PAGE, botIds: [...byBot.keys()] });
    for (const situation of page) {
      if (situation.leased || !hasStep(situation, byBot.get(situation.botId) ?? [], deps.driver.settleMs)) continue;
      await deps.enqueue({ botId: situation.botId });
      enqueued += 1;
    }
    const last = page.at(-1);
    if (!last || page.length < PAGE) break;
    after = last.botId;
  }
  return { enqueued, destroyed: await destroyOrphans(deps, orphans, machines) };
}

function hasStep(situation: MachineSituation, found: readonly FoundMachine[], settleMs: number): boolean {
  const step = planMachine(toFacts(situation, found, settleMs));
  return step.kind !== 'none' && step.kind !== 'wait';
}

async function destroyOrphans(deps: SweepDeps, orphans: OrphanMemory, machines: readonly FoundMachine[]): Promise<number> {
  const known = await deps.store.knownBots([...new Set(machines.map((machine) => machine.botId))]);
  const without = machines.filter((machine) => !known.has(machine.botId));
  for (const providerId of orphans.keys()) {
    if (!without.some((machine) => machine.providerId === providerId)) orphans.delete(providerId);
  }
  for (const { providerId } of without) if (!orphans.has(providerId)) orphans.set(providerId, deps.now());
  if (without.length > Math.max(5, (machines.length - without.length) / 10)) {
    deps.logger.error({ orphans: without.length, machines: machines.length }, 'too many machines without a bot: none is destroyed, somebody must look');
    return 0;
  }
  let destroyed = 0;
  for (const { providerId } of without) {
    const since = orphans.get(providerId);
    if (!since || deps.now().getTime() - since.getTime() < ORPHAN_GRACE_MS) continue;
    deps.logger.warn({ provider_id: providerId }, 'a machine without a bot is destroyed');
    await deps.driver.destroy(providerId);
    destroyed += 1;
  }
  return destroyed;
}

function groupByBot(machines: readonly FoundMachine[]): Map<string, FoundMachine[]> {
  const groups = new Map<string, FoundMachine[]>();
  for (const machine of machines) groups.set(machine.botId, [...(groups.get(machine.botId) ?? []), machine]);
  return groups;
}
