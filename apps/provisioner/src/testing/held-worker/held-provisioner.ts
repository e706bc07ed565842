import { randomBytes } from 'node:crypto';
import { claimFleetAccount, machineStore, openDatabase, orphanMachineStore, providerBudgetStore } from '@trawling/database';
import { createDigitalOcean, createRequestBudget } from '@trawling/digitalocean';
import { createLogger, uuid7 } from '@trawling/runtime';
import { createDigitalOceanDriver } from '../../digitalocean/digitalocean-driver.js';
import { reconcileMachine, RECONCILE_TIMINGS, type ReconcileDeps } from '../../machines/reconcile-machine.js';
import { newSweepMemory, sweepMachines } from '../../machines/sweep-machines.js';
import { type Gate } from './gate.js';
import { holdCalls, holdTransactions } from './hold-calls.js';
import { type Report, type WorkerSettings } from './protocol.js';
import { openVirtualClock } from './virtual-clock.js';

/** What compose.ts wires, without the queue: the test decides who looks at which bot and when. */
export type HeldProvisioner = {
  reconcile: (botId: string) => Promise<string>;
  sweep: () => Promise<string>;
  close: () => Promise<void>;
};

/** Droplets of the cheapest size will do. */
const DROPLETS = { region: 'fra1', size: null, memoryMb: 1_024, image: 'debian-12-x64', vpcUuid: null, sshKeys: [], monitoring: false };
const addresses = { syncAdapterUrl: 'https://sync.example.com', dataRetrievalUrl: null };

export async function openHeldProvisioner(settings: WorkerSettings, { gate, report }: { gate: Gate; report: (report: Report) => void }): Promise<HeldProvisioner> {
  const { installationId } = settings;
  const clock = openVirtualClock(settings, gate);
  const logger = createLogger({ name: 'worker', level: 'warn', destination: { write: (line) => report({ kind: 'log', line: line.trim() }) } });
  const database = await openDatabase({ url: settings.databaseUrl, poolSize: 6, logger });
  const client = createDigitalOcean({
    token: 'dop_v1_test', baseUrl: settings.cloudUrl, clock, logger, random: Math.random,
    budget: createRequestBudget({ store: providerBudgetStore(database.pool, 'digitalocean'), clock, random: Math.random }),
  });
  const digitalOcean = createDigitalOceanDriver({
    client, clock, logger, installationId, addresses,
    settings: DROPLETS,
    claimAccount: (account) => claimFleetAccount(database.pool, account),
    ...(settings.settleMs === undefined ? {} : { settleMs: settings.settleMs }),
    // What a machine starts with does not matter here: it only has to find its token.
    renderUserData: (_, order) => `#cloud-config\n# ${order.enrollmentToken}\n`,
  });
  void digitalOcean.examine();
  const store = holdCalls('store', holdTransactions(machineStore(database.pool), gate), gate);
  const orphans = holdCalls('orphans', orphanMachineStore(database.pool), gate);
  const driver = holdCalls('driver', digitalOcean, gate);
  const memory = newSweepMemory();
  const deps: ReconcileDeps = {
    store, driver, clock, logger, randomBytes,
    newId: uuid7,
    machineSettings: { installationId, ...addresses },
    timings: RECONCILE_TIMINGS,
    providerInDoubt: () => memory.providerInDoubt,
  };
  const enqueue = async ({ botId }: { botId: string }): Promise<void> => report({ kind: 'wanted', botId });
  return {
    reconcile: (botId) => reconcileMachine(deps, { botId }),
    sweep: async () => JSON.stringify(await sweepMachines({ store, orphans, driver, mode: 'destroy', enqueue, logger }, memory)),
    async close() {
      client.close();
      await database.close();
    },
  };
}
