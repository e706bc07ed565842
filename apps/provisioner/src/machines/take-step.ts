import { type MachineLease } from '@trawling/database';
import { type MachineChange, type MachineFacts, type MachineStep } from '@trawling/domain';
import { type Logger } from '@trawling/runtime';
import { createMachine } from './create-machine.js';
import { type ReconcileDeps } from './reconcile-machine.js';

export type StepContext = Omit<ReconcileDeps, 'logger'> & { lease: MachineLease; logger: Logger; facts: MachineFacts };

/** `again`: look at both sides anew. `settled`: nothing more to do now. */
export type StepOutcome = 'again' | 'settled';

/** A destroy waits until every process of a local machine is gone. */
const DESTROY_LEASE_SECONDS = 45;

type Executors = { [Kind in MachineStep['kind']]: (context: StepContext, step: Extract<MachineStep, { kind: Kind }>) => Promise<StepOutcome> };

const executors: Executors = {
  async record(context, { generation, change }) {
    await recordChange(context, generation, change);
    return 'again';
  },
  create: (context, { generation, attempt }) => createMachine(context, { generation, attempt }),
  async start(context, { generation, providerId }) {
    await context.driver.start(providerId);
    const machine = await context.driver.get(providerId);
    if (machine?.state !== 'off') return 'again';
    await recordChange(context, generation, { state: 'off', reason: 'The machine does not start; it is tried again' });
    return 'settled';
  },
  async destroy(context, { generation, providerId, change }) {
    const hasRow = context.facts.rows.some((row) => row.generation === generation);
    if (hasRow) await recordChange(context, generation, change, DESTROY_LEASE_SECONDS);
    try {
      await context.driver.destroy(providerId);
    } catch (error) {
      // The row says until when it should be gone; after that it is tried again.
      context.logger.warn({ err: error, provider_id: providerId }, 'the machine could not be destroyed');
      return 'settled';
    }
    return 'again';
  },
  async finish_decommission(context) {
    const auditId = context.newId();
    await context.store.underLease(context.lease, context.timings.leaseSeconds, (tx) => tx.finishDecommission({ auditId }));
    return 'again';
  },
  wait: async () => 'settled',
  none: async () => 'settled',
};

/** Executes one planned step; a new kind of step does not compile without its executor. */
export function takeStep(context: StepContext, step: MachineStep): Promise<StepOutcome> {
  switch (step.kind) {
    case 'record':
      return executors.record(context, step);
    case 'create':
      return executors.create(context, step);
    case 'start':
      return executors.start(context, step);
    case 'destroy':
      return executors.destroy(context, step);
    case 'finish_decommission':
      return executors.finish_decommission(context, step);
    case 'wait':
      return executors.wait(context, step);
    case 'none':
      return executors.none(context, step);
  }
}

/** Fenced: throws LeaseLost when another worker has taken over. */
export async function recordChange(
  context: StepContext,
  generation: number,
  change: MachineChange,
  leaseSeconds = context.timings.leaseSeconds,
): Promise<void> {
  const { store, lease, driver, newId } = context;
  const eventId = newId();
  await store.underLease(lease, leaseSeconds, (tx) => tx.record({ generation, driver: driver.kind, change, eventId }));
}
