import { type Database } from '@trawling/database';
import { heartbeat, insertBot, machineRows, requestDecommission, wantGeneration } from '../testing/bots-in-database.js';
import { openReconcilerBed, type ReconcilerBed } from '../testing/reconciler-bed.js';
import { createScriptedDriver, type ScriptedDriver } from '../testing/scripted-driver.js';
import { reconcileMachine, type ReconcileDeps } from './reconcile-machine.js';

describe('ending the machine of a bot', () => {
  let bed: ReconcilerBed;
  let database: Database;
  let cloud: ScriptedDriver;
  let botId: string;

  const reconcile = (change: Partial<ReconcileDeps> = {}) => reconcileMachine(bed.reconcileDeps(cloud.driver, change), { botId });
  const rows = () => machineRows(database, botId);
  /** Time cannot be moved in a real database, so the row is. */
  const letTimePass = () => database.pool.query(`UPDATE machine SET deadline = now() - interval '1 second' WHERE bot_id = $1`, [botId]);
  const dropLease = () => database.pool.query('UPDATE machine SET lease_until = now() WHERE bot_id = $1', [botId]);

  beforeAll(async () => {
    bed = await openReconcilerBed();
    ({ database } = bed);
  });
  afterAll(() => bed.close());
  beforeEach(async () => {
    cloud = createScriptedDriver();
    botId = await insertBot(database);
    await reconcile();
  });

  it('forgets a bot at its provider before it says that it is decommissioned, also when its last machine vanished', async () => {
    await requestDecommission(database, botId);
    cloud.machines.splice(0);
    const { driver } = cloud;
    let isAway = true;
    const forget = async (id: string): Promise<void> => {
      if (isAway) throw new Error('the provider is away');
      await driver.forget(id);
    };
    const isDecommissioned = async () =>
      (await database.pool.query('SELECT 1 FROM bot WHERE id = $1 AND decommissioned_at IS NOT NULL', [botId])).rowCount === 1;

    await expect(reconcile({ driver: { ...driver, forget } })).rejects.toThrow('the provider is away');
    expect(await isDecommissioned()).toBe(false);
    isAway = false;
    await reconcile({ driver: { ...driver, forget } });

    expect(cloud.forgotten).toEqual([botId]);
    expect(await isDecommissioned()).toBe(true);

    cloud.make({ botId, generation: 1 });
    await reconcile();
    expect(cloud.machines).toEqual([]);
    expect(cloud.forgotten).toEqual([botId, botId]);
  });

  it('takes a machine that is there but not to be recognised for neither gone nor destroyed, and says so', async () => {
    const [old] = cloud.machines;
    if (old) cloud.estrange(old);
    await heartbeat(database, botId);
    await reconcile();
    expect(await rows()).toMatchObject([{ state: 'online' }]);
    expect(cloud.creates).toHaveLength(1);

    await wantGeneration(database, botId, 2);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await reconcile();
      await reconcile();
      expect(cloud.machines).toContain(old);
      expect(await rows()).toMatchObject([{ generation: 1, state: 'destroying', reason: `Machine ${old?.providerId} is not to be recognised` }, { generation: 2 }]);
      await letTimePass();
    }

    cloud.machines.splice(0, 1);
    await reconcile();
    expect(await rows()).toMatchObject([{ generation: 1, state: 'gone' }, { generation: 2 }]);
  });

  it('says why a machine that is off and not to be recognised is not started', async () => {
    const [machine] = cloud.machines;
    if (machine) {
      machine.state = 'off';
      cloud.estrange(machine);
    }

    expect(await reconcile()).toBe('settled');

    expect(await rows()).toMatchObject([{ state: 'off', reason: `Machine ${machine?.providerId} is not to be recognised` }]);
  });

  it('goes by the id in its own rows when somebody wrote another generation on a machine', async () => {
    const [machine] = cloud.machines;
    await wantGeneration(database, botId, 2);
    if (machine) machine.generation = 7;

    await reconcile();

    expect(cloud.destroyed).toEqual([machine?.providerId]);
    expect(await rows()).toMatchObject([{ generation: 1, state: 'gone' }, { generation: 2, state: 'booting' }]);
  });

  it('does not destroy what it was going to once another worker has the bot, be there a row of that machine or none', async () => {
    cloud.make({ botId, generation: 2 });
    await wantGeneration(database, botId, 3);
    const { driver } = cloud;
    const find: typeof driver.find = async (id) => {
      await dropLease();
      return (await driver.find(id)).filter(({ generation }) => generation === looksFor);
    };
    let looksFor = 0;
    for (looksFor of [1, 2]) expect(await reconcile({ driver: { ...driver, find } })).toBe('interrupted');

    expect(cloud.destroyed).toEqual([]);
  });

  it('holds the lease as long as a destroy takes, and says since when', async () => {
    await requestDecommission(database, botId);
    const { driver } = cloud;
    const seen: { leftSeconds: number; hasBegun: boolean }[] = [];
    const destroy: typeof driver.destroy = async (providerId, options) => {
      const { rows: left } = await database.pool.query<{ seconds: number }>(
        `SELECT extract(epoch FROM max(lease_until) - now())::float8 AS seconds FROM machine WHERE bot_id = $1`, [botId],
      );
      seen.push({ leftSeconds: left[0]?.seconds ?? 0, hasBegun: options?.begun !== undefined });
      await driver.destroy(providerId, options);
    };

    await reconcile({ driver: { ...driver, destroyTimeoutMs: 600_000, destroy } });

    expect(seen).toMatchObject([{ hasBegun: true }]);
    expect(seen[0]?.leftSeconds).toBeGreaterThan(500);
  });
});
