import { randomUUID } from 'node:crypto';
import { type Database, machineStore, orphanMachineStore } from '@trawling/database';
import { PROVIDER_IN_DOUBT } from '@trawling/domain';
import { createMemoryLogger } from '@trawling/runtime/testing';
import { heartbeat, insertBot, requestDecommission } from '../testing/bots-in-database.js';
import { openReconcilerBed, type ReconcilerBed } from '../testing/reconciler-bed.js';
import { createScriptedDriver, type ScriptedDriver } from '../testing/scripted-driver.js';
import { newSweepMemory, type SweepMemory, sweepMachines } from './sweep-machines.js';

describe('the sweep', () => {
  let bed: ReconcilerBed;
  let database: Database;
  let own: Database;
  let cloud: ScriptedDriver;
  let memory: SweepMemory;
  let mode: 'report' | 'destroy';
  let asked: string[];
  let inTurn: string[];
  let log: ReturnType<typeof createMemoryLogger>;

  const sweep = () =>
    sweepMachines(
      {
        store: machineStore(own.pool),
        orphans: orphanMachineStore(own.pool),
        driver: cloud.driver,
        mode,
        enqueue: async ({ botId }, options) => {
          asked.push(botId);
          if (options?.inTurn) inTurn.push(botId);
        },
        logger: log.logger,
      },
      memory,
    );
  const strays = (count: number) => Array.from({ length: count }, () => cloud.make({ botId: randomUUID(), generation: 1 }));
  /** Time cannot be moved in a real database, so the rows are. */
  const letGracePass = () => database.pool.query(`UPDATE orphan_machine SET first_seen_at = now() - interval '1 hour'`);
  /** A bot as it is when all is well. */
  const runningBot = async (): Promise<string> => {
    const botId = await insertBot(database);
    const { providerId } = cloud.make({ botId, generation: 1 });
    await database.pool.query(`UPDATE machine SET state = 'online', provider_id = $2 WHERE bot_id = $1`, [botId, providerId]);
    await heartbeat(database, botId);
    return botId;
  };

  beforeAll(async () => {
    bed = await openReconcilerBed();
    ({ database, own } = bed);
  });
  afterAll(() => bed.close());
  beforeEach(async () => {
    await database.pool.query('TRUNCATE bot, bot_reported, orphan_machine CASCADE');
    cloud = createScriptedDriver();
    memory = newSweepMemory();
    mode = 'destroy';
    asked = [];
    inTurn = [];
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

  it('lets creates take their turn behind what needs no place in the provider’s limits', async () => {
    const reporting = await insertBot(database);
    const { providerId } = cloud.make({ botId: reporting, generation: 1 });
    await database.pool.query(`UPDATE machine SET state = 'booting', provider_id = $2 WHERE bot_id = $1`, [reporting, providerId]);
    await heartbeat(database, reporting);
    const wanted = await insertBot(database);

    await sweep();

    expect(asked.sort()).toEqual([reporting, wanted].sort());
    expect(inTurn).toEqual([wanted]);
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

  it('destroys a machine without a bot once it has been reported for the grace time, whichever provisioner reported it', async () => {
    const [stray] = strays(1);

    expect((await sweep()).destroyed).toBe(0);
    await letGracePass();
    memory = newSweepMemory();
    expect((await sweep()).destroyed).toBe(1);

    expect(cloud.destroyed).toEqual([stray?.providerId]);
    expect((await sweep()).destroyed).toBe(0);
    expect(memory.orphans).toMatchObject({ count: 0 });
    await database.pool.query(`UPDATE orphan_machine SET last_seen_at = now() - interval '11 minutes'`);
    await sweep();
    expect((await database.pool.query('SELECT 1 FROM orphan_machine')).rows).toEqual([]);
  });

  it('keeps what is known of a machine without a bot, its approval and its grace, while a list misses it for a moment', async () => {
    mode = 'report';
    const [stray] = strays(1);
    await sweep();
    await database.pool.query('UPDATE orphan_machine SET approved_at = now()');

    cloud.hide(() => true);
    expect(await sweep()).toMatchObject({ destroyed: 0 });
    expect(memory.orphans).toMatchObject({ count: 0 });
    cloud.hide(() => false);
    await sweep();

    expect(cloud.destroyed).toEqual([stray?.providerId]);
  });

  it('says what machines without a bot cost, and destroys only what somebody named, where it is told to report', async () => {
    mode = 'report';
    await runningBot();
    const [named] = strays(3);
    for (const machine of cloud.machines) machine.monthlyUsd = 12;
    await sweep();
    await letGracePass();

    expect((await sweep()).destroyed).toBe(0);
    expect(memory.orphans).toEqual({ count: 3, monthlyUsd: 36, held: expect.stringContaining('approves') });
    expect(log.lines().filter((line) => line['orphans'] === 3)).toMatchObject([{ level: 'error', monthly_usd: 36, machines: 4 }]);

    await database.pool.query('UPDATE orphan_machine SET approved_at = now() WHERE provider_id = $1', [named?.providerId]);
    await sweep();

    expect(cloud.destroyed).toEqual([named?.providerId]);
    expect(memory.orphans).toMatchObject({ count: 2 });
  });

  it('destroys few machines without a bot at a time', async () => {
    for (let count = 0; count < 70; count += 1) await runningBot();
    strays(7);
    await sweep();
    await letGracePass();

    expect((await sweep()).destroyed).toBe(5);
    expect((await sweep()).destroyed).toBe(2);
  });

  it('destroys none and raises the alarm when so many have no bot that the database must be wrong', async () => {
    await runningBot();
    strays(6);
    await sweep();
    await letGracePass();

    await sweep();

    expect(cloud.destroyed).toEqual([]);
    expect(log.lines().at(-1)).toMatchObject({ level: 'error', orphans: 6, held: expect.stringContaining('rather the database is wrong') });
  });

  it('destroys nothing for a database that was set back to an older dump', async () => {
    const rebuilt = await runningBot();
    cloud.machines.splice(0, 1, { ...cloud.machines[0], botId: rebuilt, generation: 2, providerId: 'newer', state: 'running', createdAt: new Date() });
    strays(2);
    await sweep();
    await letGracePass();

    await sweep();

    expect(cloud.destroyed).toEqual([]);
    expect(memory.orphans.held).toContain('as after a restore');
  });

  it('doubts a provider that shows none of many machines, and trusts it again once they are back', async () => {
    const bots: string[] = [];
    for (let count = 0; count < 6; count += 1) bots.push(await runningBot());
    await database.pool.query(`UPDATE bot_reported SET lease_expires_at = now() - interval '1 minute'`);
    cloud.hide(() => true);

    await sweep();

    expect(memory.providerInDoubt).toBe(true);
    expect(log.lines().at(-1)).toMatchObject({ level: 'error', missing: 6, machines: 6 });
    // Once, so that it is written down what each of them waits for.
    expect(asked.sort()).toEqual(bots.sort());
    await database.pool.query('UPDATE machine SET reason = $1', [PROVIDER_IN_DOUBT]);
    asked = [];
    await sweep();
    expect(asked).toEqual([]);

    await database.pool.query(`UPDATE machine SET reason = 'The bot reports'`);
    cloud.hide((machine) => machine.botId === bots[0]);
    await sweep();

    expect(memory.providerInDoubt).toBe(false);
    expect(asked).toEqual([bots[0]]);
  });
});
