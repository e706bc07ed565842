import { type MachineSpec, type ProviderState } from '@trawling/contracts';
import { type Moment } from '@trawling/runtime';
import { type MachinePackages } from '@trawling/user-data';

/** Which machine is meant: at most one lives for each. */
export type MachineKey = { botId: string; generation: number };

/** One machine as its provider sees it. */
export type FoundMachine = MachineKey & {
  providerId: string;
  state: ProviderState;
  createdAt: Date;
  /** What it costs a month in US dollars, where the provider says so. */
  monthlyUsd?: number;
};

/** What a machine is made from, but what only the driver knows (its port, the paths of OpenClaw). */
export type MachineOrder = Pick<
  MachineSpec,
  'installation_id' | 'sync_adapter_url' | 'root_public_jwk' | 'agent_sha256' | 'data_retrieval_url'
> & {
  /** `tte_…`, valid for this machine only. */
  enrollmentToken: string;
  /** What the machine installs, by the newest published lock of the bot's OpenClaw; null: none is published. */
  packages?: MachinePackages | null;
};

/**
 * `unknown`: the call ended without a clear answer, so a machine may exist; look for it before another create.
 * `not_sent`: nobody was asked to make anything (a request limit, a refused token), so it is no attempt.
 */
export type CreateResult =
  | { outcome: 'accepted'; providerId: string }
  | { outcome: 'not_sent'; reason: string; waitMs: number }
  | { outcome: 'rejected'; reason: string; retryable: boolean }
  | { outcome: 'unknown'; reason: string };

/** `not_ready` heals by itself (something is still being prepared); `broken` needs somebody. */
export type Preflight = { state: 'ready' } | { state: 'not_ready' | 'broken'; reason: string };

/**
 * Makes and ends machines of one kind. Every call may be repeated after a crash at any point; nothing here decides
 * whether a machine should exist.
 */
export type MachineDriver = {
  readonly kind: 'local' | 'digitalocean';
  /** How long create may take at most, in milliseconds: whoever calls it needs that much of its lease. */
  readonly createTimeoutMs: number;
  /** The same for destroy. */
  readonly destroyTimeoutMs: number;
  /** How long after an unknown outcome a machine may still turn up, in milliseconds. */
  readonly settleMs: number;
  /** Whether create would work now; cheap, called before each create. */
  preflight: () => Promise<Preflight>;
  /** Every machine of this bot, of all generations; an empty list is an answer. */
  find: (botId: string) => Promise<FoundMachine[]>;
  /**
   * Never throws away an unknown outcome. `createTimeoutMs` counts from `begun` (default now), when the caller last knew
   * that its lease holds: a process that was stopped or a host that slept since asks for nothing.
   */
  create: (key: MachineKey, order: MachineOrder, options?: { begun?: Moment }) => Promise<CreateResult>;
  /**
   * Of an id that our own rows have. Null: its provider says that there is no such machine (any more). Throws
   * UnrecognisedMachine when there is one that is not, or not any more, to be recognised as this installation's; any
   * other error is no answer. `ending`: it is to be destroyed, so what is kept for that at the provider may be used.
   */
  get: (providerId: string, options?: { ending?: boolean }) => Promise<FoundMachine | null>;
  /** Of a machine that is off; one that runs stays as it is. */
  start: (providerId: string) => Promise<void>;
  /** Ends what runs and keeps the machine. */
  stop: (providerId: string) => Promise<void>;
  /**
   * Resolves when nothing of it is left or is being deleted; a machine that is gone already is a success. Throws
   * UnrecognisedMachine, and destroys nothing, where `get` does. `destroyTimeoutMs` counts from `begun` as for a create.
   */
  destroy: (providerId: string, options?: { begun?: Moment }) => Promise<void>;
  /** Removes what its provider keeps of a bot beside its machines (a tag), once there are none. */
  forget: (botId: string) => Promise<void>;
  /** Every machine of this installation, for the sweep. */
  list: () => Promise<FoundMachine[]>;
};
