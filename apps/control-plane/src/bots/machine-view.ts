import { MachineState, type MachineView } from '@trawling/contracts';
import type { MachineOverview } from '@trawling/database';

/** What decides about the machine beside its own row. */
export type MachineViewBot = { decommissioning: boolean; online: boolean };

/** The machine as an owner reads it: state, why, and what happens next. */
export function machineView(machine: MachineOverview | null, bot: MachineViewBot): MachineView | null {
  if (!machine) return null;
  const state = MachineState.parse(machine.state);
  const silent = state === 'online' && !bot.online;
  return {
    generation: machine.generation,
    driver: machine.driver,
    state,
    // The row keeps what was so when the state began; since when the bot is silent, only its lease knows.
    reason: silent ? 'The bot has reported from this machine, but is silent now' : machine.reason,
    next_step: silent && !bot.decommissioning ? SILENT : nextStep(state, machine, bot.decommissioning),
    provider_id: machine.providerId,
    boot_stage: machine.bootStage,
    since: machine.stateSince.toISOString(),
  };
}

const SILENT = 'The bot reports again by itself once it can; a machine that has reported is not rebuilt for being silent';
const NOBODY_TRIES = 'Somebody must look: nothing is tried again by itself';

type Timing = Pick<MachineOverview, 'deadline' | 'notBefore' | 'now' | 'bootError'>;

function nextStep(state: MachineState, machine: Timing, decommissioning: boolean): string {
  if (decommissioning && state !== 'gone' && state !== 'destroying') return 'The provisioner destroys the machine';
  const error = machine.bootError ? ` (last boot error: ${machine.bootError})` : '';
  const step = state === 'failed' && machine.notBefore === null ? NOBODY_TRIES : STEPS[state];
  return `${step}${timing(machine)}${error}`;
}

const STEPS = {
  wanted: 'The provisioner creates the machine',
  creating: 'The provisioner waits for the machine to appear',
  create_unknown: 'The provisioner looks whether the create call made a machine, before it tries another one',
  booting: 'The machine boots; the bot’s first heartbeat makes it online',
  online: 'Nothing to do: the machine runs',
  off: 'The provisioner starts the machine again',
  failed: 'The provisioner tries again',
  destroying: 'The provisioner waits until nothing of the machine is left',
  gone: 'Nothing to do: the machine is gone',
} as const satisfies Record<MachineState, string>;

function timing({ deadline, notBefore, now }: Timing): string {
  if (notBefore && notBefore > now) return `, not before ${notBefore.toISOString()}`;
  if (!deadline) return '';
  return deadline > now ? `, by ${deadline.toISOString()}` : `; overdue since ${deadline.toISOString()}`;
}
