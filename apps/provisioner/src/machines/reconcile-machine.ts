import { LeaseLost, type MachineLease, type MachineStore } from '@trawling/database';
import { type MachineFacts, type MachineStep, planMachine } from '@trawling/domain';
import { type Clock, type Logger } from '@trawling/runtime';
import { type FoundMachine, type MachineDriver } from './machine-driver.js';
import { type StepContext, takeStep } from './take-step.js';
import { UnrecognisedMachine } from './unrecognised-machine.js';

export type ReconcileDeps = {
  store: MachineStore;
  driver: MachineDriver;
  clock: Clock;
  logger: Logger;
  newId: () => string;
  randomBytes: (size: number) => Uint8Array;
  /** Where new machines find the sync-adapter, and their prices. */
  machineSettings: { installationId: string; syncAdapterUrl: string; dataRetrievalUrl: string | null };
  timings: ReconcileTimings;
  /** Whether so many machines are missing that rather the provider's answer is wrong: the last sweep's word. */
  providerInDoubt?: () => boolean;
};

export type ReconcileTimings = {
  /** Seconds that the lease lasts at each look; a worker that dies blocks the bot that long. */
  leaseSeconds: number;
  /** Lease that must be left beyond a create's own time-out, in milliseconds. */
  createMarginMs: number;
  /** How long an enrollment token counts. */
  tokenSeconds: number;
};

export const RECONCILE_TIMINGS: ReconcileTimings = { leaseSeconds: 15, createMarginMs: 5_000, tokenSeconds: 3600 };

/** `settled`: nothing to do now. `busy`: somebody else is at it. `interrupted`: to be looked at again soon. */
export type ReconcileOutcome = 'settled' | 'busy' | 'interrupted' | 'no_bot';

/** More steps than any bot needs at once: a plan that runs in circles is left for the next look. */
const MAX_STEPS = 25;

/**
 * Brings the machines of one bot to where the database wants them: look at both sides, plan, take one step, look again,
 * until there is nothing to do or something has to be waited for. Harmless to repeat, to run twice and to kill anywhere.
 */
export async function reconcileMachine(deps: ReconcileDeps, input: { botId: string; signal?: AbortSignal }): Promise<ReconcileOutcome> {
  const { botId, signal } = input;
  if (!(await deps.store.findSituation(botId))) return 'no_bot';
  const lease = await deps.store.acquireLease({ botId, owner: deps.newId(), seconds: deps.timings.leaseSeconds });
  if (!lease) return 'busy';
  const logger = deps.logger.child({ bot_id: botId });
  try {
    for (let step = 0; step < MAX_STEPS && !signal?.aborted; step += 1) {
      const facts = await gatherFacts(deps, botId);
      if (!facts) return 'no_bot';
      const planned = planMachine(facts);
      logger.debug({ step: planned }, 'planned');
      if ((await takeStep(context(deps, lease, logger, facts), planned)) === 'settled') return 'settled';
      logStep(logger, planned);
    }
    return 'interrupted';
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    logger.warn('another worker took over');
    return 'interrupted';
  } finally {
    await deps.store.releaseLease(lease).catch((error: unknown) => logger.warn({ err: error }, 'the lease runs out by itself'));
  }
}

const context = (deps: ReconcileDeps, lease: MachineLease, logger: Logger, facts: MachineFacts): StepContext => ({ ...deps, lease, logger, facts });

/** What the database and the driver say now. Machines we know by id but that a look-up does not show are asked for. */
async function gatherFacts({ store, driver, providerInDoubt }: ReconcileDeps, botId: string): Promise<MachineFacts | null> {
  const found = await driver.find(botId);
  // The database after the driver: its time must not be older than what was seen.
  const situation = await store.findSituation(botId);
  if (!situation) return null;
  const known = new Set(found.map((machine) => machine.providerId));
  const asked = await Promise.all(situation.rows.map(({ providerId, generation, state }) => {
    if (providerId === null || known.has(providerId)) return null;
    const ending = situation.bot.decommissioning || generation < situation.bot.generation || state === 'destroying';
    return ask(driver, { botId, generation, providerId, ending });
  }));
  const machines = [...found, ...asked.filter((machine) => machine !== null)];
  return toFacts(situation, machines, { settleMs: driver.settleMs, providerInDoubt: providerInDoubt?.() ?? false });
}

/** One that is not to be recognised is there all the same: neither gone nor replaced. */
async function ask(driver: MachineDriver, of: { botId: string; generation: number; providerId: string; ending: boolean }): Promise<FoundMachine | null> {
  const { botId, generation, providerId, ending } = of;
  try {
    return await driver.get(providerId, { ending });
  } catch (error) {
    if (error instanceof UnrecognisedMachine) return { botId, generation, ...error.machine };
    throw error;
  }
}

/** A machine whose id one of our rows has is that row's, whatever is written on it now. */
export function toFacts(
  situation: Pick<MachineFacts, 'now' | 'bot' | 'rows' | 'reported'>,
  found: readonly FoundMachine[],
  provider: { settleMs: number; providerInDoubt: boolean },
): MachineFacts {
  const { now, bot, rows, reported } = situation;
  const generations = new Map(rows.map(({ providerId, generation }) => [providerId, generation]));
  const ours = found.map((machine) => ({ ...machine, generation: generations.get(machine.providerId) ?? machine.generation }));
  return { now, bot, rows, reported, found: ours, ...provider };
}

function logStep(logger: Logger, step: MachineStep): void {
  if (step.kind === 'record') logger.info({ generation: step.generation, state: step.change.state }, step.change.reason);
  else logger.info({ step: step.kind, ...('generation' in step ? { generation: step.generation } : {}) }, `machine step: ${step.kind}`);
}
