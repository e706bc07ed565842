import { BotConfigPayload } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { makeBot, view } from '../testing/bots.js';
import { enroll } from '../testing/enroll.js';
import { type Api, useControlPlane } from '../testing/open-test-control-plane.js';

const controlPlane = useControlPlane();
let api: Api;
let botId: string;
beforeEach(async () => {
  api = await controlPlane().as('operator');
  botId = await makeBot(api, { owner_id: 'alice', secrets: { llm_api_key: 'one' } });
});

const command = (name: string, body?: object, by = api) => by.post(`/bots/${botId}/${name}`).send(body);
const query = <Row extends object>(text: string, ...values: unknown[]) =>
  controlPlane().owner.pool.query<Row>(text, [botId, ...values]).then(({ rows }) => rows);
/** The bot's first machine as it is when all is well. */
const machineRuns = () => query(`UPDATE machine SET state = 'online', driver = 'digitalocean', provider_id = '1' WHERE bot_id = $1`);
const latest = async (): Promise<BotConfigPayload> => {
  const [row] = await query<{ payload: string }>('SELECT payload FROM config_version WHERE bot_id = $1 ORDER BY version DESC LIMIT 1');
  return BotConfigPayload.parse(JSON.parse(row?.payload ?? ''));
};
/** As the provisioner writes it down, and tells. */
const oldMachineIs = (state: string) =>
  controlPlane().owner.transaction(async (tx) => {
    await tx.machine.updateMany({ where: { botId, generation: 1 }, data: { state } });
    await tx.$executeRaw`SELECT pg_notify('trawling', ${JSON.stringify({ topic: 'machine', ids: [botId] })})`;
  });
const tradingBecomes = (trading: string) => until(async () => (await view(api, botId)).trading === trading, { timeoutMs: 15_000 });

describe('rebuild', () => {
  it('wants the next generation and gives it a version that does not trade', async () => {
    await machineRuns();

    const answer = await command('rebuild');

    expect(answer.body).toMatchObject({ desired_version: 2, generation: 2, warnings: [{ path: 'machine', message: expect.stringContaining('(generation 1)') }] });
    expect((await latest()).trading_params.trading_enabled).toBe(false);
    expect((await latest()).cron_jobs.filter((job) => job.enabled).map((job) => job.name)).toEqual(['risk-check', 'health-ping', 'config-sync']);
    expect(await view(api, botId)).toMatchObject({
      trading: 'held',
      machine: { generation: 2, state: 'wanted', reason: 'The bot was rebuilt' },
      old_machines: [{ generation: 1, state: 'online', provider_id: '1' }],
    });
  });

  it('trades again, by itself, once the old machine is confirmed gone and not before', async () => {
    await machineRuns();
    await command('rebuild');
    await oldMachineIs('destroying');
    const changed = await api.patch(`/bots/${botId}`).send({ strictness: 'high' });
    expect(changed.body).toMatchObject({ desired_version: 3 });
    expect((await latest()).trading_params).toMatchObject({ trading_enabled: false, strictness: 'high' });

    await oldMachineIs('gone');
    await tradingBecomes('active');

    expect(await latest()).toMatchObject({ version: '4', trading_params: { trading_enabled: true, strictness: 'high' } });
    expect((await view(api, botId)).old_machines).toEqual([]);
    const [row] = await query('SELECT reason, created_by FROM config_version WHERE bot_id = $1 AND version = 4');
    expect(row).toEqual({ reason: 'machine', created_by: 'control-plane' });
  });

  it('stops trading again should the old machine turn up after all', async () => {
    await machineRuns();
    await command('rebuild');
    await oldMachineIs('gone');
    await tradingBecomes('active');

    await oldMachineIs('destroying');
    await tradingBecomes('held');

    expect((await latest()).trading_params.trading_enabled).toBe(false);
  });

  it('leaves a paused bot paused, whatever becomes of the old machine', async () => {
    await machineRuns();
    await command('pause');
    await command('rebuild');
    expect((await view(api, botId)).trading).toBe('paused');

    const resumed = await command('resume');
    expect(resumed.body).toMatchObject({ desired_version: 4 });
    expect((await latest()).trading_params.trading_enabled).toBe(false);
    expect((await view(api, botId)).trading).toBe('held');
    await oldMachineIs('gone');

    await tradingBecomes('active');
  });

  it('ends the old machine’s credential and takes the new machine’s enrollment only', async () => {
    const old = await enroll(controlPlane(), botId);
    expect(old.decision.state).toBe('accepted');

    await command('rebuild');

    expect(await query('SELECT revoked_reason FROM bot_credential WHERE bot_id = $1')).toEqual([{ revoked_reason: 'superseded' }]);
    expect((await enroll(controlPlane(), botId, 1)).decision).toMatchObject({ state: 'refused', code: 'machine-superseded' });
    expect((await enroll(controlPlane(), botId, 2)).decision.state).toBe('accepted');
  });

  it('goes above every generation that anybody knows, as after a restore of the database', async () => {
    await query(`INSERT INTO machine (bot_id, generation, driver, state, reason) VALUES ($1, 4, 'digitalocean', 'held', 'It is newer than we are')`);
    expect((await view(api, botId)).machine).toMatchObject({ generation: 4, state: 'held', next_step: expect.stringContaining('/rebuild') });

    expect((await command('rebuild')).body.generation).toBe(5);

    expect((await view(api, botId)).old_machines.map(({ generation }) => generation)).toEqual([1, 4]);
  });

  it('trades at once when somebody who runs the fleet says that the old machine is gone', async () => {
    await machineRuns();
    const owner = await controlPlane().as('owner', 'alice');
    expect((await command('rebuild', { old_machine_gone: true }, owner)).body).toMatchObject({ code: 'forbidden' });

    const answer = await command('rebuild', { old_machine_gone: true });

    expect(answer.body).toMatchObject({ generation: 2, warnings: [] });
    expect((await view(api, botId)).trading).toBe('active');
    // Should it exist all the same, it is still found by its id, and destroyed.
    expect(await query('SELECT state, provider_id FROM machine WHERE bot_id = $1 AND generation = 1')).toEqual([{ state: 'gone', provider_id: '1' }]);
  });

  it('is refused for a bot that is to go, and when the caller expects another version', async () => {
    expect((await command('rebuild', { expected_version: 7 })).body.code).toBe('version-conflict');
    await api.delete(`/bots/${botId}`);

    expect((await command('rebuild')).body.code).toBe('bot-decommissioned');
  });
});

describe('a machine that could not be made', () => {
  const machineFailed = (notBefore: Date | null) =>
    query(`UPDATE machine SET state = 'failed', reason = 'No such size', attempts = 3, never_reported = 5, not_before = $2 WHERE bot_id = $1`, notBefore);

  it('is wanted again after a retry, which makes no new version', async () => {
    await machineFailed(null);
    expect((await view(api, botId)).machine).toMatchObject({ state: 'failed', deadline: null, next_step: expect.stringContaining('/retry') });

    expect((await command('retry')).body).toMatchObject({ desired_version: 1, changed: true });

    expect((await view(api, botId)).machine).toMatchObject({ state: 'wanted', deadline: expect.any(String) });
    expect(await query('SELECT attempts, never_reported FROM machine WHERE bot_id = $1')).toEqual([{ attempts: 0, never_reported: 0 }]);
  });

  it('is not touched by a retry while it is tried again by itself', async () => {
    await machineFailed(new Date(Date.now() + 60_000));

    expect((await command('retry')).body.code).toBe('nothing-to-retry');
    expect((await view(api, botId)).machine).toMatchObject({ state: 'failed', next_step: expect.stringContaining('not before') });
  });
});

describe('pause', () => {
  it('says that a cloud machine goes on and is billed', async () => {
    await machineRuns();

    expect((await command('pause')).body.warnings).toMatchObject([{ path: 'machine', message: expect.stringContaining('is billed') }]);
  });

  it('says nothing of a machine that costs nothing', async () => {
    expect((await command('pause')).body.warnings).toEqual([]);
  });
});
