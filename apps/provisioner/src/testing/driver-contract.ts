import { randomUUID } from 'node:crypto';
import { until } from '@trawling/runtime/testing';
import { type FoundMachine, type MachineDriver, type MachineKey, type MachineOrder } from '../machines/machine-driver.js';
import { UnrecognisedMachine } from '../machines/unrecognised-machine.js';

/** One kind of machine, for the suite that holds every kind to what the reconciler relies on. */
export type DriverBed = {
  driver: MachineDriver;
  installationId: string;
  /** Another process' driver for the same machines, or one of another installation. */
  openDriver: (installationId?: string) => Promise<MachineDriver>;
  order: (key: MachineKey) => MachineOrder;
  /** As the provider would, without the driver. */
  turnOff: (providerId: string) => Promise<void>;
  close: () => Promise<void>;
};

const PATIENCE = { timeoutMs: 20_000 };

/** What a MachineDriver promises, whatever its machines are made of. */
export function behavesLikeAMachineDriver(openBed: () => Promise<DriverBed>): void {
  let bed: DriverBed;
  const newKey = (botId = randomUUID(), generation = 1): MachineKey => ({ botId, generation });
  const create = async (key: MachineKey, driver = bed.driver): Promise<string> => {
    const result = await driver.create(key, bed.order(key));
    if (result.outcome !== 'accepted') throw new Error(JSON.stringify(result));
    return result.providerId;
  };
  const keys = (machines: readonly FoundMachine[]): MachineKey[] =>
    machines.map(({ botId, generation }) => ({ botId, generation })).sort((a, b) => a.generation - b.generation);
  const untilState = (providerId: string, state: string) => until(async () => (await bed.driver.get(providerId))?.state === state, PATIENCE);

  beforeEach(async () => {
    bed = await openBed();
  }, 60_000);
  afterEach(() => bed.close());

  it('is ready to create, and says how long a create and a destroy may take and what may be left to be seen', async () => {
    expect(await bed.driver.preflight()).toEqual({ state: 'ready' });
    expect(bed.driver.createTimeoutMs).toBeGreaterThan(0);
    expect(bed.driver.destroyTimeoutMs).toBeGreaterThan(0);
    expect(bed.driver.settleMs).toBeGreaterThanOrEqual(0);
  });

  it('answers that there is none where there is none', async () => {
    const { botId } = newKey();

    expect(await bed.driver.find(botId)).toEqual([]);
    expect(await bed.driver.list()).toEqual([]);
    expect(await bed.driver.get(`${botId}-g1`)).toBeNull();
    expect(await bed.driver.get('1')).toBeNull();
    await bed.driver.destroy(`${botId}-g1`);
  });

  it('shows a machine that it made by its bot, by its id and among all', async () => {
    const key = newKey();

    const providerId = await create(key);

    await untilState(providerId, 'running');
    const expected = { ...key, providerId, state: 'running' };
    expect(await bed.driver.get(providerId)).toMatchObject(expected);
    expect(await bed.driver.find(key.botId)).toMatchObject([expected]);
    expect(await bed.driver.list()).toMatchObject([expected]);
    expect((await bed.driver.get(providerId))?.createdAt.getTime()).toBeGreaterThan(0);
  });

  it('answers with the machine that is there when it is asked for it again', async () => {
    const key = newKey();
    const first = await create(key);

    const again = await create(key);

    expect(again).toBe(first);
    expect(await bed.driver.find(key.botId)).toHaveLength(1);
  });

  it('finds in another process what this one made, and makes no second one there', async () => {
    const key = newKey();
    const first = await create(key);
    const other = await bed.openDriver();

    expect(await other.find(key.botId)).toMatchObject([{ ...key, providerId: first }]);
    expect(await create(key, other)).toBe(first);
    expect(keys(await other.list())).toEqual([key]);
  });

  it('keeps apart the machines of different bots and of different generations', async () => {
    const key = newKey();
    const next = { ...key, generation: 2 };
    const stranger = newKey();

    const ids = [await create(key), await create(next), await create(stranger)];

    expect(new Set(ids).size).toBe(3);
    expect(keys(await bed.driver.find(key.botId))).toEqual([key, next]);
    expect(keys(await bed.driver.find(stranger.botId))).toEqual([stranger]);
    expect(await bed.driver.list()).toHaveLength(3);
  });

  it('starts a machine that is off, and leaves alone one that runs', async () => {
    const providerId = await create(newKey());
    await untilState(providerId, 'running');
    await bed.driver.start(providerId);
    await bed.turnOff(providerId);
    const fresh = await bed.openDriver();
    await until(async () => (await fresh.get(providerId))?.state === 'off', PATIENCE);

    await fresh.start(providerId);

    const after = await bed.openDriver();
    await until(async () => (await after.get(providerId))?.state === 'running', PATIENCE);
    expect(await after.list()).toHaveLength(1);
  });

  it('leaves nothing of a machine that it destroys, however often, and nothing else is touched', async () => {
    const key = newKey();
    const next = { ...key, generation: 2 };
    const [old, kept] = [await create(key), await create(next)];

    await bed.driver.destroy(old);
    await bed.driver.destroy(old);

    const other = await bed.openDriver();
    for (const driver of [bed.driver, other]) {
      expect(await driver.get(old)).toBeNull();
      expect(keys(await driver.find(key.botId))).toEqual([next]);
      expect(keys(await driver.list())).toEqual([next]);
    }
    await bed.driver.destroy(kept);
    expect(await (await bed.openDriver()).list()).toEqual([]);
  });

  it('makes a machine again after it was destroyed', async () => {
    const key = newKey();
    await bed.driver.destroy(await create(key));

    const again = await create(key);

    expect(await bed.driver.find(key.botId)).toMatchObject([{ ...key, providerId: again }]);
  });

  it('neither shows nor makes its own what belongs to another installation', async () => {
    const key = newKey();
    const providerId = await create(key);
    const stranger = await bed.openDriver(randomUUID());

    expect(await stranger.list()).toEqual([]);
    expect(await stranger.find(key.botId)).toEqual([]);
    expect(await bed.driver.get(providerId)).toMatchObject(key);
  });

  it('does not say that a machine is gone which is there and not its own, and does not destroy it', async () => {
    const key = newKey();
    const providerId = await create(key);
    await untilState(providerId, 'running');
    const stranger = await bed.openDriver(randomUUID());

    for (const call of [stranger.get(providerId), stranger.get(providerId, { ending: true }), stranger.destroy(providerId)]) {
      await expect(call).rejects.toBeInstanceOf(UnrecognisedMachine);
    }
    await expect(stranger.get(providerId)).rejects.toMatchObject({ machine: { providerId, state: 'running' } });
    await untilState(providerId, 'running');
    await bed.driver.destroy(providerId);
    expect(await stranger.get(providerId)).toBeNull();
    await stranger.destroy(providerId);
  });

  it('forgets a bot without machines, however often, and leaves those of a bot that has one', async () => {
    const key = newKey();
    const providerId = await create(key);

    await bed.driver.forget(key.botId);
    await bed.driver.forget(newKey().botId);

    expect(await (await bed.openDriver()).find(key.botId)).toMatchObject([{ ...key, providerId }]);
    await bed.driver.destroy(providerId);
    await bed.driver.forget(key.botId);
    await bed.driver.forget(key.botId);
  });
}
