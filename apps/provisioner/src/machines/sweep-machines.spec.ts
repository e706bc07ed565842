import { randomUUID } from 'node:crypto';
import { type Database, machineStore, openDatabase } from '@trawling/database';
import { createTestDatabase, type TestDatabase } from '@trawling/database/testing';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { heartbeat, insertBot, requestDecommission, setUpInstallation } from '../testing/bots-in-database.js';
import { createScriptedDriver, type ScriptedDriver } from '../testing/scripted-driver.js';
import { ORPHAN_GRACE_MS, type OrphanMemory, sweepMachines } from './sweep-machines.js';

describe('the sweep', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  let own: Database;
  let cloud: ScriptedDriver;
  let orphans: OrphanMemory;
  let now: number;
  let asked: string[];
  let log: ReturnType<typeof createMemoryLogger>;

  const sweep = () =>
    sweepMachines(
      {
        store: machineStore(own.pool),
        driver: cloud.driver,
        enqueue: async ({ botId }) => void asked.push(botId),
        now: () => new Date(now),
        logger: log.logger,
      },
      orphans,
    );
  /** A bot as it is when all is well. */
  const runningBot = async (): Promise<string> => {
    const botId = await insertBot(database);
    const { providerId } = cloud.make({ botId, generation: 1 });
    await database.pool.query(`UPDATE machine SET state = 'online', provider_id = $2 WHERE bot_id = $1`, [botId, providerId]);
    await heartbeat(database, botId);
    return botId;
  };

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    database = await openDatabase({ url: testDatabase.url });
    own = await openDatabase({ url: testDatabase.roleUrl('trawling_provisioner') });
    await setUpInstallation(database);
  });
  afterAll(async () => {
    await own.close();
    await database.close();
    await testDatabase.close();
  });
  beforeEach(async () => {
    await database.pool.query('TRUNCATE bot CASCADE');
    cloud = createScriptedDriver();
    orphans = new Map();
    now = Date.parse('2026-11-01T00:00:00Z');
    asked = [];
    log = createMemoryLogger();
  });

  it('asks for nothing when everything is as desired', async () => {
    await runningBot();

    expect(await sweep()).toEqual({ enqueued: 0, destroyed: 0 });
  });

  it('finds a bot whose job was lost, one whose machine is off, and one that wants to go', async () => {
    await runningBot();
    const lost = await insertBot(database);
    const off = await runningBot();
    const gone = await runningBot();
    const machine = cloud.machines.find((one) => one.botId === off);
    if (machine) machine.state = 'off';
    await requestDecommission(database, gone);

    await sweep();

    expect(asked.sort()).toEqual([lost, off, gone].sort());
  });

  it('finds a machine that outlived its decommissioned bot', async () => {
    const botId = await runningBot();
    await requestDecommission(database, botId);
    await database.pool.query(`UPDATE bot SET decommissioned_at = now() WHERE id = $1`, [botId]);
    await database.pool.query(`UPDATE machine SET state = 'gone' WHERE bot_id = $1`, [botId]);

    await sweep();

    expect(asked).toEqual([botId]);
  });

  it('leaves alone what somebody works on and what has to wait', async () => {
    const leased = await insertBot(database);
    const waiting = await insertBot(database);
    await database.pool.query(`UPDATE machine SET lease_until = now() + interval '1 minute' WHERE bot_id = $1`, [leased]);
    await database.pool.query(`UPDATE machine SET not_before = now() + interval '1 minute' WHERE bot_id = $1`, [waiting]);

    await sweep();

    expect(asked).toEqual([]);
  });

  it('destroys a machine without a bot once it has been without one for the grace time', async () => {
    const stray = cloud.make({ botId: randomUUID(), generation: 1 });

    expect((await sweep()).destroyed).toBe(0);
    now += ORPHAN_GRACE_MS;
    expect((await sweep()).destroyed).toBe(1);

    expect(cloud.destroyed).toEqual([stray.providerId]);
  });

  it('destroys none and raises the alarm when so many have no bot that the database must be wrong', async () => {
    await runningBot();
    for (let count = 0; count < 6; count += 1) cloud.make({ botId: randomUUID(), generation: 1 });
    await sweep();
    now += ORPHAN_GRACE_MS;

    await sweep();

    expect(cloud.destroyed).toEqual([]);
    expect(log.lines().at(-1)).toMatchObject({ level: 'error', orphans: 6 });
  });
});
