import { type AckError, type AckOutcome, type BotConfigPayload } from '@trawling/contracts';
import { type ApplyVersionDeps } from '../apply/apply-version.js';
import { createAttemptTimer } from '../loop/attempt-timer.js';
import { nothingSaid } from '../loop/keep-in-line.js';
import { reconcile, type ReconcileDeps } from '../loop/reconcile.js';
import { createRepairLimit } from '../loop/repair-limit.js';
import { createAppliedWatch, type WatchAppliedDeps } from '../loop/watch-applied.js';
import { openAgentState } from '../state/agent-state.js';
import { type Crash, createCrash } from './crash.js';
import { type RealMachine } from './real-machine.js';

export interface ToldAck {
  version: string;
  outcome: AckOutcome;
  error?: AckError;
}

/** The agent's loop over the desired config on a real machine, as one process has it: its own memory, the disk's state. */
export interface RealReconciler {
  /** Looks until there is nothing left to do for that payload, or rejects when it was killed. */
  bring(payload: BotConfigPayload): Promise<void>;
  /** One look. */
  look(): Promise<void>;
  deps: ReconcileDeps;
}

/** Opened anew on the same machine it is the agent after a restart. `acks` collects what it tells the server. */
export async function openReconciler(
  machine: RealMachine,
  acks: ToldAck[],
  crash: Crash = createCrash(null),
  gateway: WatchAppliedDeps['gateway'] = machine.client,
): Promise<RealReconciler> {
  const host = crash.host(machine.deps.host);
  const { api } = machine.deps;
  const ack = crash.effect(async (told: ToldAck) => void acks.push(told));
  let box: BotConfigPayload | null = null;
  const state = await openAgentState(host, machine.paths);
  const apply: ApplyVersionDeps = {
    ...machine.deps,
    host,
    state,
    secretsFor: crash.look(machine.deps.secretsFor),
    api: {
      ...api,
      configPatch: crash.effect(api.configPatch),
      cronAdd: crash.effect(api.cronAdd),
      cronUpdate: crash.effect(api.cronUpdate),
      cronRemove: crash.effect(api.cronRemove),
      secretsReload: crash.effect(api.secretsReload),
      configGet: crash.look(api.configGet),
      cronList: crash.look(api.cronList),
      status: crash.look(api.status),
    },
  };
  const deps: ReconcileDeps = {
    ...apply,
    said: nothingSaid(),
    repairLimit: createRepairLimit(),
    reporter: {
      ack: (payload, outcome, error) => ack({ version: payload.version, outcome, ...(error ? { error } : {}) }),
      event: async () => undefined,
      metric: async () => undefined,
    },
    heal: async () => undefined,
    watchApplied: createAppliedWatch({ ...apply, gateway }),
    timer: createAttemptTimer(apply),
    fence: () => 'none',
    offered: () => box,
    takenUp: () => (box = null),
    random: () => 0.5,
    onOutcome: () => undefined,
  };

  return {
    deps,
    look: async () => void (await reconcile(deps, false)),
    bring: async (payload) => {
      const seen = [state.attempt.current()?.payload, state.applied.current()?.payload, state.progress().failed];
      if (seen.every((one) => one?.hash !== payload.hash)) box = payload;
      do await machine.deps.clock.sleep((await reconcile(deps, false)) ?? 0);
      while (state.attempt.current() !== null || box !== null);
    },
  };
}
