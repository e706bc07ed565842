import { openBytes, parseToken } from '@trawling/crypto';
import { type Database } from '@trawling/database';
import { systemClock } from '@trawling/runtime';
import { until } from '@trawling/runtime/testing';
import { AGENT_SHA256, heartbeat, insertBot, machineRows, requestDecommission, wantGeneration } from '../testing/bots-in-database.js';
import { openReconcilerBed, type ReconcilerBed } from '../testing/reconciler-bed.js';
import { createScriptedDriver, type ScriptedDriver } from '../testing/scripted-driver.js';
import { reconcileMachine, type ReconcileDeps } from './reconcile-machine.js';

describe('reconciling the machines of a bot', () => {
  let bed: ReconcilerBed;
  let database: Database;
  let installation: ReconcilerBed['installation'];
  let cloud: ScriptedDriver;
  let botId: string;

  const reconcile = (change: Partial<ReconcileDeps> = {}) => reconcileMachine(bed.reconcileDeps(cloud.driver, change), { botId });
  const rows = () => machineRows(database, botId);
  /** Time cannot be moved in a real database, so the row is. */
  const letTimePass = () =>
    database.pool.query(
      `UPDATE machine SET not_before = now() - interval '1 second', deadline = now() - interval '1 second' WHERE bot_id = $1`,
      [botId],
    );
  const dropLease = () => database.pool.query(`UPDATE machine SET lease_until = now() WHERE bot_id = $1`, [botId]);

  beforeAll(async () => {
    bed = await openReconcilerBed();
    ({ database, installation } = bed);
  });
  afterAll(() => bed.close());
  beforeEach(async () => {
    cloud = createScriptedDriver();
    botId = await insertBot(database);
  });

  it('makes one machine for a new bot and waits for its first heartbeat', async () => {
    expect(await reconcile()).toBe('settled');

    expect(cloud.machines).toHaveLength(1);
    expect(await rows()).toMatchObject([{ generation: 1, state: 'booting', provider_id: cloud.machines[0]?.providerId, attempts: 1 }]);
    expect((await rows())[0]?.deadline).toBeInstanceOf(Date);
    expect(cloud.creates[0]?.order).toMatchObject({ installation_id: installation.id, agent_sha256: AGENT_SHA256 });
  });

  it('calls a machine online when the bot itself reports, from this generation', async () => {
    await reconcile();
    await heartbeat(database, botId, { generation: 7 });
    await reconcile();
    expect(await rows()).toMatchObject([{ state: 'booting' }]);

    await heartbeat(database, botId);
    await reconcile();

    expect(await rows()).toMatchObject([{ state: 'online', deadline: null, reason: 'The bot reports' }]);
    const { rows: events } = await database.pool.query<{ type: string }>('SELECT type FROM bot_event WHERE bot_id = $1 ORDER BY id', [botId]);
    expect(events.map((event) => event.type)).toEqual(['machine.creating', 'machine.booting', 'machine.online']);
  });

  it('changes nothing when it looks ten more times', async () => {
    await reconcile();
    await heartbeat(database, botId);
    await reconcile();
    const before = await rows();

    for (let look = 0; look < 10; look += 1) expect(await reconcile()).toBe('settled');

    expect(await rows()).toEqual(before);
    expect(cloud.creates).toHaveLength(1);
  });

  it('gives each create attempt a token of its own that only the control plane can read', async () => {
    await reconcile();

    const { rows: tokens } = await database.pool.query<{ id: string; sealed_secret: string; generation: number }>(
      'SELECT id, sealed_secret, generation FROM enrollment_token WHERE bot_id = $1',
      [botId],
    );
    const sent = parseToken(cloud.creates[0]?.order.enrollmentToken ?? '');
    expect(tokens).toMatchObject([{ id: sent?.id, generation: 1 }]);
    expect(await openBytes(installation.sealingPrivateJwk, tokens[0]?.sealed_secret ?? '')).toBe(sent?.secret);
    expect(JSON.stringify(tokens)).not.toContain(sent?.secret);
  });

  it('waits with a reason, without counting an attempt, while the driver cannot create yet', async () => {
    cloud.setPreflight({ state: 'not_ready', reason: 'Installing OpenClaw: 10 of 41,000 files' });

    await reconcile();

    expect(cloud.creates).toEqual([]);
    expect(await rows()).toMatchObject([{ state: 'wanted', reason: 'Installing OpenClaw: 10 of 41,000 files', attempts: 0 }]);
    cloud.setPreflight({ state: 'ready' });
    await letTimePass();
    await reconcile();
    expect(cloud.machines).toHaveLength(1);
  });

  it('looks for the machine of a create without an answer before it makes another one', async () => {
    cloud = createScriptedDriver({ settleMs: 60_000 });
    cloud.nextCreate((_, make) => {
      make();
      cloud.hide(() => true);
      throw new Error('socket hang up');
    });
    await reconcile();
    expect(await rows()).toMatchObject([{ state: 'create_unknown' }]);
    await reconcile();
    expect(cloud.creates).toHaveLength(1);

    cloud.hide(() => false);
    await reconcile();

    expect(cloud.creates).toHaveLength(1);
    expect(await rows()).toMatchObject([{ state: 'booting', provider_id: cloud.machines[0]?.providerId }]);
  });

  it('makes another machine when the first create left none within its settle time', async () => {
    cloud = createScriptedDriver({ settleMs: 60_000 });
    cloud.nextCreate(() => ({ outcome: 'unknown', reason: 'no answer' }));
    await reconcile();

    await letTimePass();
    await reconcile();

    expect(cloud.creates).toHaveLength(2);
    expect(cloud.machines).toHaveLength(1);
    expect(await rows()).toMatchObject([{ state: 'booting', attempts: 2 }]);
  });

  it('says why a create was refused and tries again later', async () => {
    cloud.nextCreate(() => ({ outcome: 'rejected', reason: 'The disk is full', retryable: true }));
    await reconcile();

    const [row] = await rows();
    expect(row).toMatchObject({ state: 'failed', reason: 'The machine could not be created: The disk is full' });
    expect(row?.not_before?.getTime()).toBeGreaterThan(Date.now());
    await letTimePass();
    await reconcile();
    expect(await rows()).toMatchObject([{ state: 'booting' }]);
  });

  it('settles first what a worker that died in the middle of a create may have left, then adopts it', async () => {
    let release: () => void = () => undefined;
    cloud.nextCreate(async (_, make) => {
      const { providerId } = make();
      await new Promise<void>((resolve) => (release = resolve));
      return { outcome: 'accepted', providerId };
    });
    const dying = reconcile();
    await until(() => cloud.machines.length === 1);
    expect(await rows()).toMatchObject([{ state: 'creating' }]);
    expect(await reconcile()).toBe('busy');

    await dropLease();
    await reconcile();
    expect(await rows()).toMatchObject([{ state: 'booting', provider_id: cloud.machines[0]?.providerId }]);
    release();

    // The dead one's late answer is fenced off.
    expect(await dying).toBe('interrupted');
    expect(cloud.machines).toHaveLength(1);
    expect(await rows()).toMatchObject([{ state: 'booting' }]);
  });

  it('does not call create when the lease could end before the call does', async () => {
    let elapsed = 0;
    const slow = { ...systemClock, monotonicMs: () => (elapsed += 10_000) };

    expect(await reconcile({ clock: slow })).toBe('settled');

    expect(cloud.creates).toEqual([]);
  });

  it('does not call create on a host that slept since it took the lease, whose monotonic clock stood still', async () => {
    let sleptMs = 0;
    const clock = { ...systemClock, now: () => new Date(Date.now() + (sleptMs += 60_000)) };

    expect(await reconcile({ clock })).toBe('settled');

    expect(cloud.creates).toEqual([]);
  });

  it('makes one machine however many provisioners look at once', async () => {
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => reconcile()));
    await reconcile();

    expect(outcomes).toContain('busy');
    expect(cloud.creates).toHaveLength(1);
    expect(cloud.machines).toHaveLength(1);
  });

  it('keeps the machine it knows and destroys a duplicate', async () => {
    await reconcile();
    const [known] = cloud.machines;
    const duplicate = cloud.make({ botId, generation: 1 });

    await reconcile();

    expect(cloud.machines).toEqual([known]);
    expect(cloud.destroyed).toEqual([duplicate.providerId]);
  });

  it('starts a machine that is off', async () => {
    await reconcile();
    await heartbeat(database, botId);
    await reconcile();
    const [machine] = cloud.machines;
    if (machine) machine.state = 'off';

    await reconcile();

    expect(machine?.state).toBe('running');
    expect(cloud.creates).toHaveLength(1);
    expect(await rows()).toMatchObject([{ state: 'online' }]);
  });

  it('leaves a silent bot its machine: an outage of ours must not rebuild it', async () => {
    await reconcile();
    await heartbeat(database, botId);
    await reconcile();
    await heartbeat(database, botId, { leaseSeconds: -600 });

    await reconcile();

    expect(cloud.destroyed).toEqual([]);
    expect(cloud.creates).toHaveLength(1);
  });

  it('replaces a machine that never reported by its deadline', async () => {
    await reconcile();
    const [first] = cloud.machines;
    await letTimePass();

    await reconcile();
    await letTimePass();
    await reconcile();

    expect(cloud.destroyed).toEqual([first?.providerId]);
    expect(cloud.machines).toHaveLength(1);
    expect(await rows()).toMatchObject([{ state: 'booting', attempts: 2 }]);
  });

  it('makes a machine again when it vanished', async () => {
    await reconcile();
    await heartbeat(database, botId);
    await reconcile();
    cloud.machines.splice(0);
    await reconcile();
    expect(cloud.creates).toHaveLength(1);

    await heartbeat(database, botId, { leaseSeconds: -1 });
    await reconcile();

    expect(cloud.creates).toHaveLength(2);
    expect(cloud.machines).toHaveLength(1);
  });

  it('makes none while the provider is in doubt', async () => {
    await reconcile();
    await heartbeat(database, botId, { leaseSeconds: -1 });
    await reconcile();
    cloud.machines.splice(0);

    await reconcile({ providerInDoubt: () => true });

    expect(cloud.creates).toHaveLength(1);
  });

  it('does not call create for a generation that was superseded, or a bot that was decommissioned, after it looked', async () => {
    for (const change of [() => wantGeneration(database, botId, 2), () => requestDecommission(database, botId)]) {
      const { driver } = cloud;
      let looked = false;
      const preflight = async () => {
        if (!looked) await change();
        looked = true;
        return driver.preflight();
      };

      await reconcile({ driver: { ...driver, preflight } });

      expect(cloud.creates.map(({ key }) => key.generation)).not.toContain(looked ? 1 : 0);
    }
  });

  it('destroys the machines of older generations', async () => {
    await reconcile();
    const [old] = cloud.machines;
    await wantGeneration(database, botId, 2);

    await reconcile();

    expect(cloud.destroyed).toEqual([old?.providerId]);
    expect(cloud.machines).toMatchObject([{ generation: 2 }]);
    expect(await rows()).toMatchObject([{ generation: 1, state: 'gone' }, { generation: 2, state: 'booting' }]);
  });

  it('destroys everything of a decommissioned bot, and only then says it is decommissioned', async () => {
    await reconcile();
    await requestDecommission(database, botId);
    cloud.failDestroys(1);
    const decommissionedAt = async () =>
      (await database.pool.query<{ at: Date | null }>('SELECT decommissioned_at AS at FROM bot WHERE id = $1', [botId])).rows[0]?.at;

    await reconcile();
    expect(cloud.machines).toHaveLength(1);
    expect(await decommissionedAt()).toBeNull();
    await letTimePass();
    await reconcile();

    expect(cloud.machines).toEqual([]);
    expect(await rows()).toMatchObject([{ state: 'gone', provider_id: null }]);
    expect(await decommissionedAt()).toBeInstanceOf(Date);
    expect(await reconcile()).toBe('settled');
  });

  it('decommissions a bot that never got a machine', async () => {
    await requestDecommission(database, botId);

    await reconcile();

    expect(cloud.creates).toEqual([]);
    expect(await rows()).toMatchObject([{ state: 'gone' }]);
  });

  it('has no opinion on a bot that does not exist', async () => {
    expect(await reconcileMachine(bed.reconcileDeps(cloud.driver), { botId: '0199a000-0000-7000-8000-000000000000' })).toBe('no_bot');
  });
});
