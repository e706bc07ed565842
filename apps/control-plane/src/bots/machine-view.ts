import { MachineState, type MachineView } from '@trawling/contracts';
import type { MachineOverview } from '@trawling/database';
import { PROVIDER_IN_DOUBT } from '@trawling/domain';

/** What decides about the machine beside its own row. */
export type MachineViewBot = { decommissioning: boolean; online: boolean; paused?: boolean };

/** The machine as an owner reads it: state, why, and what happens next. */
export function machineView(machine: MachineOverview | null, bot: MachineViewBot): MachineView | null {
  if (!machine) return null;
  const state = MachineState.parse(machine.state);
  const doubted = machine.reason === PROVIDER_IN_DOUBT;
  const silent = state === 'online' && !bot.online && !doubted;
  return {
    generation: machine.generation,
    driver: machine.driver,
    state,
    // The row keeps what was so when the state began; since when the bot is silent, only its lease knows.
    reason: silent ? 'The bot has reported from this machine, but is silent now' : machine.reason,
    next_step: doubted ? DOUBTED : silent && !bot.decommissioning ? SILENT : nextStep(state, machine, bot),
    deadline: doubted ? null : deadlineOf(state, machine)?.toISOString() ?? null,
    provider_id: machine.providerId,
    boot_stage: machine.bootStage,
    since: machine.stateSince.toISOString(),
  };
}

/** A provider sends a bill for it, whether it is switched on or off. */
export const isBilled = ({ driver, state }: Pick<MachineOverview, 'driver' | 'state'>): boolean =>
  driver !== 'local' && driver !== 'unassigned' && state !== 'gone';

const SILENT =
  'The bot reports again by itself once it can; a machine that has reported is not replaced for being silent: POST /bots/{id}/rebuild replaces it';
const DOUBTED =
  'Goes on by itself once the provider shows the missing machines again; if they are really gone, whoever runs the fleet says so with "admin trust-provider"';
const NOBODY_TRIES = 'Nothing is tried again by itself: POST /bots/{id}/retry for another attempt, or /rebuild for a new machine';

type Timing = Pick<MachineOverview, 'driver' | 'state' | 'deadline' | 'notBefore' | 'now' | 'stateSince' | 'bootError'>;

function nextStep(state: MachineState, machine: Timing, { decommissioning, paused }: MachineViewBot): string {
  if (decommissioning && state !== 'gone' && state !== 'destroying') return 'The provisioner destroys the machine';
  const error = machine.bootError ? ` (last boot error: ${machine.bootError})` : '';
  const step = state === 'failed' && machine.notBefore === null ? NOBODY_TRIES : STEPS[state];
  const billed = paused === true && state === 'online' && isBilled(machine) ? '; it is billed while the bot is paused' : '';
  return `${step}${timing(state, machine)}${billed}${error}`;
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
  held: 'Nobody touches the machine: POST /bots/{id}/rebuild replaces it, DELETE /bots/{id} destroys it',
  gone: 'Nothing to do: the machine is gone',
} as const satisfies Record<MachineState, string>;

/** How long a provisioner may take until it has taken up what only waits for it, in milliseconds. */
const TAKEN_UP_MS = 120_000;

/** When the state is overdue, or the next attempt due. A row that waits for nothing but a provisioner has none of its own. */
function deadlineOf(state: MachineState, { deadline, notBefore, now, stateSince }: Timing): Date | null {
  if (notBefore && notBefore > now) return notBefore;
  if (state === 'wanted' || state === 'off') return deadline ?? new Date(Math.max(stateSince.getTime(), notBefore?.getTime() ?? 0) + TAKEN_UP_MS);
  return deadline ?? notBefore;
}

function timing(state: MachineState, machine: Timing): string {
  const { notBefore, now } = machine;
  if (notBefore && notBefore > now) return `, not before ${notBefore.toISOString()}`;
  const due = state === 'wanted' || state === 'off' ? deadlineOf(state, machine) : machine.deadline;
  if (!due) return '';
  return due > now ? `, by ${due.toISOString()}` : `; overdue since ${due.toISOString()}`;
}
