import { randomBytes } from 'node:crypto';
import { type Database, machineStore, openDatabase } from '@trawling/database';
import { createTestDatabase } from '@trawling/database/testing';
import { systemClock, uuid7 } from '@trawling/runtime';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { RECONCILE_TIMINGS, type ReconcileDeps } from '../machines/reconcile-machine.js';
import { setUpInstallation } from './bots-in-database.js';

export type ReconcilerBed = {
  /** As the owner of the tables, for what other apps write. */
  database: Database;
  /** With the provisioner's rights only. */
  own: Database;
  installation: Awaited<ReturnType<typeof setUpInstallation>>;
  reconcileDeps: (driver: ReconcileDeps['driver'], change?: Partial<ReconcileDeps>) => ReconcileDeps;
  close: () => Promise<void>;
};

/** An installation in a database of its spec file's own, and what the reconciler needs there beside a driver. */
export async function openReconcilerBed(): Promise<ReconcilerBed> {
  const testDatabase = await createTestDatabase();
  const database = await openDatabase({ url: testDatabase.url });
  const own = await openDatabase({ url: testDatabase.roleUrl('trawling_provisioner') });
  const installation = await setUpInstallation(database);
  return {
    database, own, installation,
    reconcileDeps: (driver, change = {}) => ({
      store: machineStore(own.pool),
      driver,
      clock: systemClock,
      logger: createMemoryLogger().logger,
      newId: uuid7,
      randomBytes,
      machineSettings: { installationId: installation.id, syncAdapterUrl: 'http://127.0.0.1:1', dataRetrievalUrl: null },
      timings: RECONCILE_TIMINGS,
      ...change,
    }),
    async close() {
      await own.close();
      await database.close();
      await testDatabase.close();
    },
  };
}
