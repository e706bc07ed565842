import { createIntent, createOutcome } from '../machine-outcomes.js';
import { CREATE_DEADLINE_MS, later, type MachineChange, type MachineRow } from '../machine-facts.js';
import { planMachine } from '../plan-machine.js';

export const SETTLE_MS = 120_000;

/** Where a worker dies while it takes a step. */
export type Fault = 'none' | 'before_call' | 'after_call' | 'no_answer' | 'refused';

type Machine = { generation: number; providerId: string; createdAt: Date; visibleFrom: Date; isOff: boolean };

/** A provider, a machine table and a worker that may die anywhere: what planMachine has to live with. */
export type MachineWorld = {
  now: Date;
  generation: number;
  decommissioning: boolean;
  decommissioned: boolean;
  rows: MachineRow[];
  machines: Machine[];
  reported: { generation: number; online: boolean } | null;
  created: number;
};

export const newWorld = (): MachineWorld => ({
  now: new Date('2026-11-21T08:00:00.000Z'),
  generation: 1, decommissioning: false, decommissioned: false, rows: [], machines: [], reported: null, created: 0,
});

function apply(world: MachineWorld, generation: number, change: MachineChange): void {
  const old = world.rows.find((row) => row.generation === generation)
    ?? { generation, state: 'wanted' as const, providerId: null, deadline: null, notBefore: null, attempts: 0, neverReported: 0 };
  world.rows = [...world.rows.filter((row) => row !== old), { ...old, ...change }];
}

/** Gathers the facts, plans, takes the step with this fault. Answers with the step that was planned. */
export function takeStep(world: MachineWorld, fault: Fault, delayMs = 0) {
  const known = world.rows.map(({ providerId }) => providerId);
  const found = world.machines
    .filter((machine) => machine.visibleFrom <= world.now || known.includes(machine.providerId))
    .map(({ generation, providerId, createdAt, isOff }) => ({ generation, providerId, createdAt, state: isOff ? 'off' as const : 'running' as const }));
  const step = planMachine({
    now: world.now,
    bot: { generation: world.generation, decommissioning: world.decommissioning, decommissioned: world.decommissioned },
    rows: world.rows, found, reported: world.reported, settleMs: SETTLE_MS,
  });
  switch (step.kind) {
    case 'record':
      if (fault !== 'before_call') apply(world, step.generation, step.change);
      break;
    case 'create':
      create(world, step, fault, delayMs);
      break;
    case 'destroy':
      apply(world, step.generation, step.change);
      if (fault !== 'before_call') world.machines = world.machines.filter(({ providerId }) => providerId !== step.providerId);
      break;
    case 'start':
      for (const machine of world.machines) if (machine.providerId === step.providerId && fault !== 'before_call') machine.isOff = false;
      break;
    case 'finish_decommission':
      world.decommissioned = true;
      break;
    case 'wait':
    case 'none':
  }
  return step;
}

function create(world: MachineWorld, { generation, attempt }: { generation: number; attempt: number }, fault: Fault, delayMs: number): void {
  const { now } = world;
  apply(world, generation, createIntent({ now, attempt }));
  if (fault === 'before_call') return;
  if (fault === 'refused') {
    apply(world, generation, createOutcome({ now, attempt, result: { outcome: 'rejected', reason: 'no', retryable: true }, settleMs: SETTLE_MS }));
    return;
  }
  world.created += 1;
  const providerId = `m${world.created}`;
  // A dead worker's call goes out until its deadline; either way the machine shows at most the settle time later.
  const latest = fault === 'after_call' ? CREATE_DEADLINE_MS + SETTLE_MS : fault === 'no_answer' ? SETTLE_MS : 0;
  world.machines.push({ generation, providerId, createdAt: now, visibleFrom: later(now, Math.min(delayMs, latest)), isOff: false });
  if (fault === 'none') apply(world, generation, createOutcome({ now, attempt, result: { outcome: 'accepted', providerId }, settleMs: SETTLE_MS }));
  if (fault === 'no_answer') apply(world, generation, createOutcome({ now, attempt, result: { outcome: 'unknown', reason: 'time-out' }, settleMs: SETTLE_MS }));
}

/** The running machine of the wanted generation sends a heartbeat. */
export function heartbeat(world: MachineWorld): void {
  const machine = world.machines.find(({ generation, isOff, visibleFrom }) => generation === world.generation && !isOff && visibleFrom <= world.now);
  if (machine) world.reported = { generation: machine.generation, online: true };
}

/** Nobody reports for a machine that is not there any more. */
function letLeaseEnd({ reported, machines }: MachineWorld): void {
  if (reported && !machines.some(({ generation, isOff }) => generation === reported.generation && !isOff)) reported.online = false;
}

/** Steps without faults, waiting as told, until nothing is left to do. Throws when that never comes. */
export function settle(world: MachineWorld): void {
  for (let steps = 0; steps < 200; steps += 1) {
    const step = takeStep(world, 'none');
    if (step.kind === 'none') return;
    if (step.kind === 'wait') {
      heartbeat(world);
      letLeaseEnd(world);
      world.now = step.until > world.now ? (world.reported?.online ? later(world.now, 1000) : step.until) : later(world.now, 1000);
    }
  }
  throw new Error(`never settles: ${JSON.stringify(world)}`);
}
