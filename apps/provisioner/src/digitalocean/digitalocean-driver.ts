import { type DigitalOcean } from '@trawling/digitalocean';
import { type Clock, type Logger } from '@trawling/runtime';
import { type FoundMachine, type MachineDriver, type MachineKey, type MachineOrder } from '../machines/machine-driver.js';
import { createDroplet, createTimeoutMs } from './create-droplet.js';
import { destroyDroplet } from './destroy-droplet.js';
import { createDropletBook, dropletId } from './droplet-book.js';
import { type DropletSettings } from './droplet-settings.js';
import { type AccountReport, examineAccount, type ExamineDeps } from './examine-account.js';
import { createExamination } from './examination.js';

export type DigitalOceanDriverDeps = {
  client: DigitalOcean;
  clock: Clock;
  logger: Logger;
  installationId: string;
  settings: DropletSettings;
  addresses: ExamineDeps['addresses'];
  renderUserData: (key: MachineKey, order: MachineOrder) => string;
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
  const examination = createExamination({ clock, logger, examine: () => examineAccount(deps) });
  const priced = (machine: FoundMachine): FoundMachine => {
    const monthlyUsd = examination.priceOf(book.sizeOf(machine.providerId));
    return monthlyUsd === null ? machine : { ...machine, monthlyUsd };
  };

  return {
    kind: 'digitalocean',
    createTimeoutMs: createTimeoutMs(client),
    settleMs: deps.settleMs ?? SETTLE_MS,
    examine: examination.first,
    preflight: async () => examination.preflight(),
    find: (botId) => book.find(botId),
    get: (providerId) => book.get(providerId),
    list: async () => (await book.list()).map(priced),
    create: (key, order, options) =>
      createDroplet({ ...deps, book, chosen: examination.chosen, examineAgain: examination.again }, key, order, options),
    async start(providerId) {
      const machine = await book.get(providerId, { ask: true });
      const id = dropletId(providerId);
      if (id === null || machine?.state !== 'off') return;
      await client.powerOn(id);
    },
    stop: async () => {
      throw new Error('A droplet that is off is billed like one that runs: droplets are destroyed, not stopped');
    },
    destroy: (providerId) => destroyDroplet({ client, clock, logger, book }, providerId),
  };
}
