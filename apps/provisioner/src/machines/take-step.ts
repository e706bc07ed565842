import { type MachineLease } from '@trawling/database';
import { type MachineChange, type MachineFacts, type MachineStep } from '@trawling/domain';
import { type Logger, momentOf } from '@trawling/runtime';
import { createMachine } from './create-machine.js';
import { type ReconcileDeps } from './reconcile-machine.js';
import { UnrecognisedMachine } from './unrecognised-machine.js';

export type StepContext = Omit<ReconcileDeps, 'logger'> & { lease: MachineLease; logger: Logger; facts: MachineFacts };

/** `again`: look at both sides anew. `settled`: nothing more to do now. */
export type StepOutcome = 'again' | 'settled';

type Executors = { [Kind in MachineStep['kind']]: (context: StepContext, step: Extract<MachineStep, { kind: Kind }>) => Promise<StepOutcome> };

const executors: Executors = {
  async record(context, { generation, change }) {
    await recordChange(context, generation, change);
    return 'again';
  },
  create: (context, { generation, attempt }) => createMachine(context, { generation, attempt }),
  async start(context, { generation, providerId }) {
    const stillOff = await context.driver.start(providerId)
      .then(async () => ((await context.driver.get(providerId))?.state === 'off' ? 'The machine does not start; it is tried again' : null))
      .catch((error: unknown) => whyUnrecognised(error));
    if (stillOff === null) return 'again';
    await recordChange(context, generation, { state: 'off', reason: stillOff });
    return 'settled';
  },
  async destroy(context, { generation, providerId, change }) {
    const { driver, clock, store, lease, timings } = context;
    const hasRow = context.facts.rows.some((row) => row.generation === generation);
    const leaseSeconds = (driver.destroyTimeoutMs + timings.createMarginMs) / 1000;
    // From before the lease is extended, as for a create.
    const begun = momentOf(clock);
    if (hasRow) await recordChange(context, generation, change, leaseSeconds);
    else await store.underLease(lease, leaseSeconds, async () => undefined);
    try {
      await driver.destroy(providerId, { begun });
    } catch (error) {
      // The row says until when it should be gone; after that it is tried again.
      context.logger.warn({ err: error, provider_id: providerId }, 'the machine could not be destroyed');
      if (hasRow && error instanceof UnrecognisedMachine) await recordChange(context, generation, { ...change, reason: error.message });
      return 'settled';
    }
    // A machine that turned up late: its bot is finished already, and nobody comes by here again.
    if (context.facts.bot.decommissioned) await driver.forget(lease.botId);
    return 'again';
  },
  async finish_decommission(context) {
    const auditId = context.newId();
    // Before it is written down that nothing is left: whoever dies in between does it again.
    await context.driver.forget(context.lease.botId);
    await context.store.underLease(context.lease, context.timings.leaseSeconds, (tx) => tx.finishDecommission({ auditId }));
    return 'again';
  },
  wait: async () => 'settled',
  none: async () => 'settled',
};

/** Its sentence is for the row; every other failure is the queue's to repeat. */
function whyUnrecognised(error: unknown): string {
  if (error instanceof UnrecognisedMachine) return error.message;
  throw error;
}

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
