import { type DigitalOcean } from '@trawling/digitalocean';
import { type Clock, type Logger } from '@trawling/runtime';
import { type FoundMachine, type MachineDriver, type MachineKey, type MachineOrder } from '../machines/machine-driver.js';
import { createDroplet, createTimeoutMs } from './create-droplet.js';
import { DESTROY_TIMEOUT_MS, destroyDroplet, forgetBot } from './destroy-droplet.js';
import { createDropletBook, dropletId } from './droplet-book.js';
import { type DropletSettings } from './droplet-settings.js';
import { type AccountReport, examineAccount, type ExamineDeps } from './examine-account.js';
import { createExamination } from './examination.js';
import { createFleetAccount, type FleetAccountDeps } from './fleet-account.js';

export type DigitalOceanDriverDeps = {
  client: DigitalOcean;
  clock: Clock;
  logger: Logger;
  installationId: string;
  settings: DropletSettings;
  addresses: ExamineDeps['addresses'];
  renderUserData: (key: MachineKey, order: MachineOrder) => string;
  /** Default: whatever account the token is of, for a fleet that lives no longer than its process. */
  claimAccount?: FleetAccountDeps['claimAccount'];
  /** Shorter in tests that let a create end without an answer. */
  settleMs?: number;
};

/** How long a droplet of a create without an answer may take to be listed: not measured, a guess on the safe side. */
export const SETTLE_MS = 120_000;

/** Of the driver alone: the first report on the account, for the log and for the operator's checks. */
export type DigitalOceanDriver = MachineDriver & { examine: () => Promise<AccountReport | null> };

/**
 * Machines as droplets, found again by their tags and names. One driver per process: its creates, lists and look-ups
 * share one book, and every process shares the request budget of the client.
 */
export function createDigitalOceanDriver(deps: DigitalOceanDriverDeps): DigitalOceanDriver {
  const { client, clock, logger, installationId } = deps;
  const book = createDropletBook({ client, clock, logger, installationId });
  const fleetAccount = createFleetAccount({ client, claimAccount: deps.claimAccount ?? (async (account) => account) });
  const { assertOurs } = fleetAccount;
  const examination = createExamination({ clock, logger, examine: () => examineAccount({ ...deps, fleetAccount }) });
  const priced = (machine: FoundMachine): FoundMachine => {
    const monthlyUsd = examination.priceOf(book.sizeOf(machine.providerId));
    return monthlyUsd === null ? machine : { ...machine, monthlyUsd };
  };

  return {
    kind: 'digitalocean',
    createTimeoutMs: createTimeoutMs(client),
    destroyTimeoutMs: DESTROY_TIMEOUT_MS,
    settleMs: deps.settleMs ?? SETTLE_MS,
    examine: examination.first,
    preflight: async () => examination.preflight(),
    async find(botId) {
      await assertOurs();
      return book.find(botId);
    },
    async get(providerId, { ending = false } = {}) {
      await assertOurs();
      return book.get(providerId, ending ? { call: { kind: 'delete' } } : {});
    },
    async list() {
      await assertOurs();
      return (await book.list()).map(priced);
    },
    create: (key, order, options) =>
      createDroplet({ ...deps, book, assertOurs, chosen: examination.chosen, preflight: examination.preflight, examineAgain: examination.again }, key, order, options),
    async start(providerId) {
      await assertOurs();
      const machine = await book.get(providerId, { ask: true });
      const id = dropletId(providerId);
      if (id === null || machine?.state !== 'off') return;
      await client.powerOn(id);
    },
    stop: async () => {
      throw new Error('A droplet that is off is billed like one that runs: droplets are destroyed, not stopped');
    },
    async destroy(providerId, options) {
      await assertOurs();
      await destroyDroplet({ client, clock, book }, providerId, options);
    },
    async forget(botId) {
      await assertOurs();
      await forgetBot({ client }, botId);
    },
  };
}
