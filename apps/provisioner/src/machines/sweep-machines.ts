import { type MachineSituation, type MachineStore } from '@trawling/database';
import { orphanLimit, planMachine } from '@trawling/domain';
import { type Logger } from '@trawling/runtime';
import { type FoundMachine, type MachineDriver } from './machine-driver.js';
import { NO_ORPHANS, type OrphanReport, reapOrphans, type ReapDeps } from './reap-orphans.js';
import { toFacts } from './reconcile-machine.js';

export type SweepDeps = ReapDeps & {
  store: Pick<MachineStore, 'listSituations' | 'knownBots'>;
  driver: Pick<MachineDriver, 'kind' | 'list' | 'destroy' | 'forget' | 'settleMs'>;
  enqueue: (job: { botId: string }, options?: { inTurn?: boolean }) => Promise<void>;
  logger: Logger;
};

/** What a sweep leaves for the next one, for the reconciler and for whoever watches; one per provisioner. */
export type SweepMemory = {
  /** So many machines are missing that rather the provider's answer is wrong. */
  providerInDoubt: boolean;
  orphans: OrphanReport;
};

export const newSweepMemory = (): SweepMemory => ({ providerInDoubt: false, orphans: NO_ORPHANS });

const PAGE = 500;

/**
 * Compares every bot with every machine, both ways. Bots with a step to take are asked for: whatever a lost job, a killed
 * worker, a stopped machine or a restored database left behind. Machines of bots that nobody knows go to the reaper.
 * When more machines are missing than could be an accident, none is made anew until they are back or somebody looks.
 */
export async function sweepMachines(deps: SweepDeps, memory: SweepMemory): Promise<{ enqueued: number; destroyed: number }> {
  const machines = await deps.driver.list();
  const byBot = groupByBot(machines);
  const situations = await allSituations(deps, [...byBot.keys()]);
  doubtTheProvider(deps, memory, situations, byBot);
  const provider = { settleMs: deps.driver.settleMs, providerInDoubt: memory.providerInDoubt };
  let enqueued = 0;
  for (const situation of situations) {
    if (situation.leased) continue;
    const step = planMachine(toFacts(situation, byBot.get(situation.botId) ?? [], provider));
    if (step.kind === 'none' || step.kind === 'wait') continue;
    // A create waits for the provider's limits: what needs none of its requests does not wait behind it.
    await deps.enqueue({ botId: situation.botId }, { inTurn: step.kind === 'create' });
    enqueued += 1;
  }
  return { enqueued, destroyed: await reap(deps, memory, machines, situations) };
}

async function allSituations(deps: SweepDeps, botIds: readonly string[]): Promise<MachineSituation[]> {
  const situations: MachineSituation[] = [];
  for (let after: string | null = null; ; ) {
    const page: MachineSituation[] = await deps.store.listSituations({ after, limit: PAGE, botIds });
    situations.push(...page);
    const last = page.at(-1);
    if (!last || page.length < PAGE) return situations;
    after = last.botId;
  }
}

/** Machines that have reported and that the provider does not show, without anybody having asked for their end. */
function doubtTheProvider(deps: SweepDeps, memory: SweepMemory, situations: readonly MachineSituation[], byBot: ReadonlyMap<string, FoundMachine[]>): void {
  let settled = 0;
  let missing = 0;
  for (const { botId, bot, rows } of situations) {
    if (bot.decommissioning) continue;
    for (const { generation, state, reportsSince } of rows) {
      // Once its settle time has begun a machine that vanished is still one that is missing, until another one reports.
      const vanished = state === 'create_unknown' && reportsSince !== null && reportsSince !== undefined;
      if (state !== 'online' && state !== 'off' && !vanished) continue;
      settled += 1;
      if (!(byBot.get(botId) ?? []).some((machine) => machine.generation === generation)) missing += 1;
    }
  }
  const inDoubt = missing > orphanLimit(settled);
  if (inDoubt && !memory.providerInDoubt) {
    deps.logger.error({ missing, machines: settled }, 'too many machines are missing at once: none is made anew until the provider shows them again or somebody looks');
  }
  memory.providerInDoubt = inDoubt;
}

async function reap(deps: SweepDeps, memory: SweepMemory, machines: readonly FoundMachine[], situations: readonly MachineSituation[]): Promise<number> {
  const known = await deps.store.knownBots([...new Set(machines.map((machine) => machine.botId))]);
  const without = machines.filter((machine) => !known.has(machine.botId));
  const generations = new Map(situations.map(({ botId, bot }) => [botId, bot.generation]));
  const isAhead = (machine: FoundMachine): boolean => machine.generation > (generations.get(machine.botId) ?? machine.generation);
  const databaseIsBehind = machines.some(isAhead) || situations.some(({ isBehind }) => isBehind);
  const before = memory.orphans;
  const { report, destroyed } = await reapOrphans(deps, { without, known: machines.length - without.length, databaseIsBehind });
  memory.orphans = report;
  if (report.count > 0 && (report.count !== before.count || report.held !== before.held)) {
    deps.logger.error(
      { orphans: report.count, monthly_usd: report.monthlyUsd, machines: machines.length, held: report.held },
      'machines without a bot are there and cost money: "admin orphans" lists them',
    );
  }
  return destroyed;
}

function groupByBot(machines: readonly FoundMachine[]): Map<string, FoundMachine[]> {
  const groups = new Map<string, FoundMachine[]>();
  for (const machine of machines) {
    const group = groups.get(machine.botId);
    if (group) group.push(machine);
    else groups.set(machine.botId, [machine]);
  }
  return groups;
}
