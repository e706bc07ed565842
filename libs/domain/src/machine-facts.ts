import type { MachineState, ProviderState } from '@trawling/contracts';

/** One row of the machine table: what we mean to do and what we last knew, for one generation of a bot. */
export type MachineRow = {
  generation: number;
  state: MachineState;
  providerId: string | null;
  /** When the current state is overdue. */
  deadline: Date | null;
  /** No create before this time. On a `failed` row null means: not by itself, somebody must look. */
  notBefore: Date | null;
  /** Creates tried for this generation since the bot last reported: they set the pace of the next one. */
  attempts: number;
  /** Machines of this generation that were made and never reported: each cost money, so they are counted. */
  neverReported: number;
  /** Heartbeats up to this time came from an earlier machine of this generation, which vanished. */
  reportsSince?: Date | null;
  /** The sentence that the owner reads now. */
  reason?: string;
};

/** One machine as its provider sees it now. */
export type MachineFound = { generation: number; providerId: string; state: ProviderState; createdAt: Date };

/** Everything planMachine decides on. Gathered anew before every step; a stale fact is worth nothing. */
export type MachineFacts = {
  /** The database's time. */
  now: Date;
  bot: {
    /** The newest generation wanted. */
    generation: number;
    decommissioning: boolean;
    decommissioned: boolean;
  };
  rows: readonly MachineRow[];
  /** All the driver knows of this bot: `find`, and `get` of every provider id in the rows. An empty list is an answer. */
  found: readonly MachineFound[];
  /** The generation that sent the last heartbeat, when, and whether its lease still runs; null: the bot never reported. */
  reported: { generation: number | null; online: boolean; at?: Date | null } | null;
  /** How long after an unknown create a machine may still turn up, and be missing from a look-up, in milliseconds. */
  settleMs: number;
  /** So many machines are missing at once that rather the provider's answer is wrong (another account, an outage). */
  providerInDoubt?: boolean;
};

/** A change of one row; what is left out stays. The row is made when it is not there. */
export type MachineChange = {
  state: MachineState;
  /** Why, in a sentence an owner understands. */
  reason: string;
  providerId?: string | null;
  deadline?: Date | null;
  notBefore?: Date | null;
  attempts?: number;
  neverReported?: number;
  reportsSince?: Date | null;
};

/** Take one, then gather the facts again. */
export type MachineStep =
  | { kind: 'record'; generation: number; change: MachineChange }
  /** Record `createIntent` first, call the driver, record `createOutcome`. */
  | { kind: 'create'; generation: number; attempt: number }
  | { kind: 'start'; generation: number; providerId: string }
  /** Record `change` when the machine has a row, then call the driver. */
  | { kind: 'destroy'; generation: number; providerId: string; change: MachineChange }
  /** Nothing is left of the bot: set `decommissioned_at`. */
  | { kind: 'finish_decommission' }
  | { kind: 'wait'; until: Date; reason: string }
  | { kind: 'none'; reason: string };

/** The reason of a row that waits because the provider is in doubt; the owner's next step and `admin trust-provider` go by it. */
export const PROVIDER_IN_DOUBT = 'Too many machines are missing at once, so rather the provider’s answer is wrong: none is made anew and none counts as gone';

/** How long a machine may take from its create to its first heartbeat. Installing OpenClaw is in it. */
export const BOOT_DEADLINE_MS = 15 * 60_000;
/** After how long a destroy that left something behind is tried again. */
export const DESTROY_RETRY_MS = 30_000;
/** Machines of one generation that may come and never report before somebody must look: each of them costs money. */
export const MAX_NEVER_REPORTED = 5;
/** How often a machine is asked for that its provider does not show although its bot reports. */
export const MISSING_RETRY_MS = 30_000;
/** A create that was in flight when its worker died ends by then, whatever the driver's own time-out is. */
export const CREATE_DEADLINE_MS = 60_000;

/** Wait before create number `attempt` + 1: 5 s, 10 s, 20 s … 5 min, and every 5 min from then on. */
export function createBackoffMs(attempt: number): number {
  return Math.min(5 * 60_000, 5000 * 2 ** Math.max(0, attempt - 1));
}

export const later = (now: Date, ms: number): Date => new Date(now.getTime() + ms);
