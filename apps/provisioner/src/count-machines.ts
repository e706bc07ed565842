import { machinesByState, type Queryable } from '@trawling/database';
import type { Metrics } from '@trawling/http';
import type { Clock } from '@trawling/runtime';
import { type ProvisionerFacts, sweepAgeSeconds } from './provisioner-facts.js';
import type { SweepMemory } from './machines/sweep-machines.js';

/** What a provisioner is to be watched by. Machines and the queue are the whole fleet's: every replica shows the same. */
export function countMachines(metrics: Metrics, deps: { db: Queryable; facts: ProvisionerFacts; memory: SweepMemory; clock: Clock }): void {
  const { db, facts, memory, clock } = deps;
  metrics.gauges('machines', 'Machines by state, those that are gone included.', ['state'], async () =>
    (await machinesByState(db)).map(({ state, count }) => ({ labels: { state }, value: count })));
  metrics.gauge('machine_looks_running', 'Looks at machines that this process is at.', () => facts.working);
  metrics.gauge('machine_looks_waiting', 'Looks at machines that are asked for and not begun.', () => facts.waiting);
  metrics.gauge('sweep_age_seconds', 'How long ago the last sweep ended well; since the start while none has.', () => sweepAgeSeconds(facts, clock) ?? process.uptime());
  metrics.gauge('orphan_machines', 'Machines of this installation whose bot nobody knows.', () => memory.orphans.count);
  metrics.gauge('orphan_machines_monthly_usd', 'What they cost a month, in US dollars.', () => memory.orphans.monthlyUsd);
  metrics.gauge('provider_in_doubt', '1 while so many machines are missing that none is made anew.', () => (memory.providerInDoubt ? 1 : 0));
}
