import { statSync } from 'node:fs';
import { join } from 'node:path';
import { MACHINE_FILES, type BotView } from '@trawling/contracts';
import { differencesFrom, fleetJobs, gatewayConfig, listCronResults, runJobNow, type GatewayClient } from '@trawling/launcher';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { startFleet, type SharedFleet } from './support/shared-fleet.js';
import { watchConfigChanges } from './support/watch-config-changes.js';

describe('settings of a bot, seen at the real OpenClaw through an independent client', () => {
  let fleet: SharedFleet;
  let gateway: GatewayClient;
  beforeAll(async () => {
    fleet = await startFleet();
    gateway = await fleet.gateway();
  });
  afterAll(() => fleet?.stop());
  let onEnd = async (): Promise<void> => undefined;
  afterEach(() => onEnd());

  const scheduleOf = async (key: string) => (await fleetJobs(gateway)).find(({ declarationKey }) => declarationKey === key)?.schedule;

  /** What OpenClaw itself counts: nothing of it moves unless something was written. */
  const revisions = async () => ({
    config: (await gatewayConfig(gateway)).configRevisionHash,
    // OpenClaw lists jobs by their next run.
    jobs: (await fleetJobs(gateway)).map(({ declarationKey, configRevision }) => `${declarationKey} ${configRevision}`).sort(),
  });

  it('runs a stricter schedule and other settings after a PATCH', async () => {
    const before = await scheduleOf('fleet:fetch-prices');

    const change = await fleet.controlPlane.patchBot(fleet.botId, { strictness: 'high', timezone: 'Europe/Berlin' });
    const bot = await fleet.untilSynced(change.desired_version);

    const version = await fleet.controlPlane.getVersion(fleet.botId, change.desired_version);
    expect(await differencesFrom(version, gateway)).toEqual([]);
    expect(await scheduleOf('fleet:fetch-prices')).toMatchObject({ tz: 'Europe/Berlin', expr: expect.not.stringMatching(`^${before?.expr?.replace(/[*/?]/g, '\\$&')}$`) });
    expect((await gatewayConfig(gateway)).resolved.agents?.defaults?.userTimezone).toBe('Europe/Berlin');
    expect(bot.sync_message).toBe('Config Applied');
  });

  it('shows OpenClaw’s own issues for settings it rejects, keeps running the old ones, and is healed by the next good change', async () => {
    const before = await revisions();

    const rejected = await fleet.controlPlane.patchBot(fleet.botId, { openclaw: { messages: { not_a_setting: true } } });
    expect(rejected.warnings).not.toEqual([]);
    const failed = await fleet.untilBot((bot) => bot.sync_status === 'failed' && bot.desired_version === rejected.desired_version);

    expect(failed.last_ack).toMatchObject({ version: rejected.desired_version, outcome: 'failed' });
    expect(JSON.stringify(failed.last_ack?.error?.issues)).toContain('not_a_setting');
    expect(failed.applied_version).toBe(rejected.desired_version - 1);
    expect(await revisions()).toEqual(before);

    const healing = await fleet.controlPlane.patchBot(fleet.botId, { openclaw: { messages: null }, strictness: 'medium' });
    await fleet.untilSynced(healing.desired_version);
    expect(await differencesFrom(await fleet.controlPlane.getVersion(fleet.botId, healing.desired_version), gateway)).toEqual([]);
  });

  it('changes nothing in OpenClaw when the same content is applied ten more times', async () => {
    const [first] = fleet.connection.bots;
    if (!first) throw new Error('connection.json names no gateway');
    const watch = watchConfigChanges({ url: first.gateway_url, token: first.gateway_token });
    onEnd = watch.stop;
    await until(() => watch.isConnected(), { timeoutMs: 10_000 });
    const file = () => statSync(join(fleet.stateDir, 'machines', `${fleet.botId}-g1`, MACHINE_FILES.openclawConfig)).mtimeMs;
    const before = { ...(await revisions()), file: file() };

    for (let round = 0; round < 10; round += 1) {
      const { desired_version } = await fleet.controlPlane.getBot(fleet.botId);
      const again = await fleet.controlPlane.rollback(fleet.botId, desired_version);
      await fleet.untilSynced(again.desired_version);
    }

    expect({ ...(await revisions()), file: file() }).toEqual(before);
    expect(watch.hashes).toEqual([]);
  });

  it('reports a generated job that ran on its own schedule, with OpenClaw’s run and the job’s key', async () => {
    const change = await fleet.controlPlane.patchBot(fleet.botId, { schedule: { 'risk-check': '*/5 * * * * *' } });
    await fleet.untilSynced(change.desired_version);
    // A run on the schedule before may still be on its way.
    const since = Date.now();

    const result = await until(
      async () => (await listCronResults(fleet.controlPlane, fleet.botId)).find((r) => r.declaration_key === 'fleet:risk-check' && Date.parse(r.run_at) > since),
      { timeoutMs: 60_000, intervalMs: 250 },
    );

    expect(result).toMatchObject({ status: 'ok', run_id: expect.stringMatching(/./), config_version: String(change.desired_version) });
    const ranAt = Date.parse(result.run_at);
    const job = (await fleetJobs(gateway)).find(({ declarationKey }) => declarationKey === 'fleet:risk-check');
    const { entries } = z.looseObject({ entries: z.array(z.looseObject({ runAtMs: z.number().optional() })) }).parse(await gateway.request('cron.runs', { id: job?.id, limit: 200 }));
    // The report is stamped by the server's clock, OpenClaw's record by the machine's: here they differ by what a request takes.
    const record = entries.find(({ runAtMs = 0 }) => Math.abs(runAtMs - ranAt) < 1_000);
    expect(Math.floor((record?.runAtMs ?? NaN) / 1000) % 5).toBe(0);
  });

  it.each(['loop-forever', 'loop-forever-varied'])('stops an LLM that asks for tools for ever within forty calls: %s', async (model) => {
    const { llm } = (await fleet.controlPlane.getBot(fleet.botId)).settings;
    const change = await fleet.controlPlane.patchBot(fleet.botId, { llm: { ...llm, model }, schedule: { 'run-algorithm': '0 0 1 1 *' } });
    await fleet.untilSynced(change.desired_version);
    const job = (await fleetJobs(gateway)).find(({ declarationKey }) => declarationKey === 'fleet:run-algorithm');

    // Nothing but this run is to be counted, and OpenClaw starts none while one of the old schedule is under way.
    const runId = await until(() => runJobNow(gateway, job?.id ?? ''), { timeoutMs: 120_000, intervalMs: 500 });
    const result = await until(async () => (await listCronResults(fleet.controlPlane, fleet.botId)).find((r) => r.run_id === runId), { timeoutMs: 120_000, intervalMs: 500 });

    expect(result).toMatchObject({ status: 'error', declaration_key: 'fleet:run-algorithm' });
    const url = new URL(llm.base_url ?? '');
    const stats = z.object({ calls: z.record(z.string(), z.number()), with_key: z.number() }).parse(await (await fetch(new URL('/stats', url))).json());
    expect(stats.calls[model]).toBeGreaterThan(1);
    expect(stats.calls[model]).toBeLessThanOrEqual(40);
    // The key reached OpenClaw: sealed by the control plane, opened on the machine, never in a payload.
    expect(stats.with_key).toBeGreaterThan(0);
  });

  it('says in one screen what an owner asks', async () => {
    const bot: BotView = await fleet.controlPlane.getBot(fleet.botId);

    expect(bot).toMatchObject({ online: true, sync_status: 'synced', sync_message: 'Config Applied', machine: { state: 'online', driver: 'local' } });
  });
});
