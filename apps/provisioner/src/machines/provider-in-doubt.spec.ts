import { believeMachineGone, type Database, listDoubtedMachines, machineStore, orphanMachineStore } from '@trawling/database';
import { PROVIDER_IN_DOUBT } from '@trawling/domain';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { heartbeat, insertBot, machineRows } from '../testing/bots-in-database.js';
import { openReconcilerBed, type ReconcilerBed } from '../testing/reconciler-bed.js';
import { createScriptedDriver, type ScriptedDriver } from '../testing/scripted-driver.js';
import { reconcileMachine } from './reconcile-machine.js';
import { newSweepMemory, type SweepMemory, sweepMachines } from './sweep-machines.js';

describe('a fleet of which more machines are missing than could be an accident', () => {
  let bed: ReconcilerBed;
  let database: Database;
  let own: Database;
  let cloud: ScriptedDriver;
  let memory: SweepMemory;
  let fleet: string[];

  const { logger } = createMemoryLogger();
  /** One sweep and all that it asks for, until it asks for nothing more. */
  const settle = async (): Promise<void> => {
    for (let round = 0; round < 10; round += 1) {
      const asked: string[] = [];
      const store = machineStore(own.pool);
      await sweepMachines({ store, orphans: orphanMachineStore(own.pool), driver: cloud.driver, mode: 'report', enqueue: async ({ botId }) => void asked.push(botId), logger }, memory);
      if (asked.length === 0) return;
      const deps = bed.reconcileDeps(cloud.driver, { logger, providerInDoubt: () => memory.providerInDoubt });
      for (const botId of asked) await reconcileMachine(deps, { botId });
    }
    throw new Error('it never settles');
  };
  const report = (botIds: readonly string[], leaseSeconds: number) => Promise.all(botIds.map((botId) => heartbeat(database, botId, { leaseSeconds })));
  const rowsOf = async (botIds: readonly string[]) => (await Promise.all(botIds.map((botId) => machineRows(database, botId)))).flat();
  /** As "admin trust-provider" does it. */
  const trust = () =>
    database.transaction(async (tx) => {
      const machines = await listDoubtedMachines(tx, PROVIDER_IN_DOUBT);
      for (const machine of machines) await believeMachineGone(tx, machine, 'somebody said so');
      return machines.map(({ botId }) => botId);
    });

  beforeAll(async () => {
    bed = await openReconcilerBed();
    ({ database, own } = bed);
  });
  afterAll(() => bed.close());
  beforeEach(async () => {
    await database.pool.query('TRUNCATE bot, bot_reported, orphan_machine CASCADE');
    cloud = createScriptedDriver();
    memory = newSweepMemory();
    fleet = [];
    for (let count = 0; count < 10; count += 1) fleet.push(await insertBot(database));
    await settle();
    await report(fleet, 60);
    await settle();
    expect((await rowsOf(fleet)).map(({ state }) => state)).toEqual(fleet.map(() => 'online'));
  });

  /** Somebody deletes six droplets by hand, and their bots fall silent. */
  const loseSix = async (): Promise<string[]> => {
    const lost = fleet.slice(0, 6);
    cloud.machines.splice(0, cloud.machines.length, ...cloud.machines.filter(({ botId }) => !lost.includes(botId)));
    await report(lost, -600);
    await settle();
    return lost;
  };

  it('says on each of them what it waits for, and makes a machine for a new bot all the same', async () => {
    const lost = await loseSix();
    const fresh = await insertBot(database);

    await settle();

    expect(await rowsOf(lost)).toEqual(lost.map(() => expect.objectContaining({ state: 'online', reason: PROVIDER_IN_DOUBT })));
    expect(await rowsOf([fresh])).toMatchObject([{ state: 'booting' }]);
    expect(cloud.machines).toHaveLength(5);
  });

  it('makes them anew once somebody who looked says that they are gone', async () => {
    const lost = await loseSix();

    expect((await trust()).sort()).toEqual([...lost].sort());
    await settle();

    expect(memory.providerInDoubt).toBe(false);
    expect(await rowsOf(lost)).toEqual(lost.map(() => expect.objectContaining({ state: 'booting', reason: expect.stringContaining('was created') })));
    expect(cloud.machines).toHaveLength(10);
  });

  it('takes back those that turn up although somebody said that they are gone', async () => {
    const lost = fleet.slice(0, 6);
    cloud.hide(({ botId }) => lost.includes(botId));
    await report(lost, -600);
    await settle();
    await trust();
    cloud.hide(() => false);
    await settle();

    expect(cloud.creates).toHaveLength(10);
    expect((await rowsOf(lost)).map(({ state }) => state)).toEqual(lost.map(() => 'booting'));
  });

  it('believes nobody that a machine is gone whose bot reports', async () => {
    const [alive, ...silent] = await loseSix();
    await report([alive ?? ''], 60);

    expect((await trust()).sort()).toEqual([...silent].sort());
  });

  it('finishes a rebuild whose old machine is one of them', async () => {
    const [rebuilt = ''] = await loseSix();
    await database.pool.query('UPDATE bot SET machine_generation = 2 WHERE id = $1', [rebuilt]);
    await settle();
    expect(await rowsOf([rebuilt])).toMatchObject([{ generation: 1, state: 'online', reason: PROVIDER_IN_DOUBT }, { generation: 2, state: 'wanted', reason: PROVIDER_IN_DOUBT }]);

    await trust();
    await settle();

    expect(await rowsOf([rebuilt])).toMatchObject([{ generation: 1, state: 'gone' }, { generation: 2, state: 'booting' }]);
  });
});
