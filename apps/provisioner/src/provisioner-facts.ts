import type { JsonObject } from '@trawling/contracts';
import type { Clock } from '@trawling/runtime';
import type { MachineDriver, Preflight } from './machines/machine-driver.js';
import type { SweepMemory } from './machines/sweep-machines.js';

/** What was seen last, for who asks how this provisioner is: nothing is asked of anybody for that. */
export type ProvisionerFacts = {
  /** Whether machines can be made now, and why not. */
  machines: Preflight;
  /** When the last sweep ended well, by the monotonic clock. */
  sweptAtMs: number | null;
  /** Looks at machines that this process is at. */
  working: number;
  /** Looks that are asked for and not begun, of all provisioners. */
  waiting: number;
};

export const newFacts = (): ProvisionerFacts => ({ machines: { state: 'not_ready', reason: 'It is not looked at yet' }, sweptAtMs: null, working: 0, waiting: 0 });

/** Seconds since the last sweep that ended well; null while none has. */
export const sweepAgeSeconds = ({ sweptAtMs }: ProvisionerFacts, clock: Pick<Clock, 'monotonicMs'>): number | null =>
  sweptAtMs === null ? null : (clock.monotonicMs() - sweptAtMs) / 1000;

/** Members of `health.details`. */
export function detailsOf(input: {
  facts: ProvisionerFacts;
  memory: SweepMemory;
  driver: MachineDriver['kind'];
  queue: 'redis' | 'postgres';
  clock: Pick<Clock, 'monotonicMs'>;
}): JsonObject {
  const { facts, memory, driver, queue, clock } = input;
  const age = sweepAgeSeconds(facts, clock);
  return {
    driver,
    queue,
    machines: { ...facts.machines },
    orphans: { count: memory.orphans.count, monthly_usd: memory.orphans.monthlyUsd, held: memory.orphans.held },
    provider_in_doubt: memory.providerInDoubt,
    sweep_age_seconds: age === null ? null : Math.round(age),
  };
}

/** Why no machine can be made although everything answers; what heals by itself is none. */
export function impairmentOf(facts: ProvisionerFacts, memory: SweepMemory): string | null {
  if (facts.machines.state === 'broken') return `no machine can be made: ${facts.machines.reason}`;
  return memory.providerInDoubt ? 'too many machines are missing at once: none is made anew' : null;
}
