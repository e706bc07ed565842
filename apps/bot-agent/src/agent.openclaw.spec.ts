import { existsSync, statSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { type BotConfigPayload, type ConfigAck } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { z } from 'zod';
import { type RealFleet, startRealFleet } from './testing/real-fleet.js';

jest.setTimeout(240_000);
/** The first of these specs may have to install OpenClaw. */
const FIRST_START_MS = 1_200_000;

const Started = z.object({ runId: z.string() });
const SLOW = { timeoutMs: 60_000 };

describe('the agent as it is shipped, beside the real OpenClaw', () => {
  let fleet: RealFleet;

  const ackOf = (payload: BotConfigPayload, outcome: ConfigAck['outcome']) =>
    until(() => fleet.sync.acks.find((ack) => ack.version === payload.version && ack.outcome === outcome), {
      ...SLOW,
      message: `no ack ${outcome} of version ${payload.version}`,
    });
  const publishApplied = async (payload: BotConfigPayload) => {
    await fleet.sync.publish(payload);
    await ackOf(payload, 'applied');
    return payload;
  };
  const changes = () => fleet.events.filter(({ event }) => event === 'config.changed').length;
  const job = async (name: string) => {
    const found = (await fleet.ownJobs()).find(({ declarationKey }) => declarationKey === `fleet:${name}`);
    if (!found) throw new Error(`no job ${name}`);
    return found;
  };
  const runJob = async (name: string): Promise<string> => {
    const { id } = await job(name);
    // Not while the same job runs on its own schedule.
    const started = await until(async () => Started.parse(await fleet.observer.request('cron.run', { id, mode: 'force' }, 15_000)), SLOW);
    return started.runId;
  };
  const resultsOf = (runId: string) => fleet.sync.cronResults.filter(({ run_id }) => run_id === runId);
  const restartAgent = async (meanwhile: () => Promise<unknown>) => {
    await fleet.agent.end('SIGTERM');
    await meanwhile();
    fleet.agent.start();
  };

  beforeAll(async () => {
    fleet = await startRealFleet();
  }, FIRST_START_MS);
  afterAll(() => fleet?.stop());

  it('enrolls with keys of its own, applies the first version, says so and shows it in its heartbeat', async () => {
    const payload = fleet.payload();
    await fleet.sync.publish(payload);

    fleet.agent.start();

    await ackOf(payload, 'applied');
    await until(() => fleet.sync.heartbeats.some((beat) => beat.applied_hash === payload.hash && beat.health.status === 'healthy'), SLOW);
    expect(fleet.sync.enrolled()?.machine_id).toBe('local-test');
    expect(existsSync(fleet.paths.enrollmentToken)).toBe(false);
    expect(statSync(fleet.paths.credential).mode & 0o777).toBe(0o600);
    expect((await fleet.ownJobs()).map(({ declarationKey }) => declarationKey).sort()).toEqual(['fleet:fetch-prices', 'fleet:risk-check', 'fleet:run-algorithm']);
    expect(await readFile(fleet.paths.credential, 'utf8')).not.toContain('\n');
  });

  it('hands on the result of a run with OpenClaw’s own run id and the job’s declaration key', async () => {
    const runId = await runJob('risk-check');

    const result = await until(() => resultsOf(runId)[0], SLOW);

    expect(result).toMatchObject({ declaration_key: 'fleet:risk-check', status: 'ok', source: 'webhook', config_version: '1' });
    expect(JSON.parse(result.summary ?? '')).toMatchObject({ job: 'risk-check', status: 'ok', trading_mode: 'paper' });
  });

  it('fills the gap of results that came while it was away, each once', async () => {
    let runId = '';
    await restartAgent(async () => {
      runId = await runJob('fetch-prices');
      await until(async () => (await fleet.api.cronRuns({ scope: 'all' }, () => false)).some((run) => run.runId === runId), SLOW);
    });

    const result = await until(() => resultsOf(runId)[0], SLOW);
    const another = await runJob('risk-check');
    await until(() => resultsOf(another)[0], SLOW);

    expect(result).toMatchObject({ declaration_key: 'fleet:fetch-prices', source: 'catch_up' });
    expect(JSON.parse(result.summary ?? '')).toMatchObject({ status: 'no-source' });
    expect(resultsOf(runId)).toHaveLength(1);
    const runs = fleet.sync.cronResults.map(({ job_id, run_at }) => `${job_id} ${run_at}`);
    expect(new Set(runs).size).toBe(runs.length);
  });

  it('acks failed with OpenClaw’s issues, keeps the old config running, and heals with the next good version', async () => {
    const before = await fleet.api.configGet();
    const bad = fleet.payload({ openclaw: { agents: { defaults: { no_such_setting: 1 } } } });
    await fleet.sync.publish(bad);

    const ack = await ackOf(bad, 'failed');
    const after = await fleet.api.configGet();
    await publishApplied(fleet.payload({ timezone: 'Europe/Berlin' }));

    expect(ack.error?.issues).toEqual([{ path: 'agents.defaults', message: expect.stringContaining('no_such_setting') }]);
    expect(after.configRevisionHash).toBe(before.configRevisionHash);
    expect(await fleet.gateway.readConfig()).toMatchObject({ agents: { defaults: { userTimezone: 'Europe/Berlin' } } });
  });

  it.each([
    ['when it has journalled the change', () => existsSync(fleet.paths.attempt)],
    ['when OpenClaw has taken the config', (seen: { changes: number }) => changes() > seen.changes],
    ['when the first job is changed', (seen: { jobs: number }) => jobChanges() > seen.jobs],
  ])('killed %s, it goes on and changes the config once', async (_when, reached: (seen: { changes: number; jobs: number }) => boolean) => {
    const seen = { changes: changes(), jobs: jobChanges() };
    const strictness = (await job('fetch-prices'))['schedule'];
    const payload = fleet.payload({ strictness: seen.changes % 2 === 0 ? 'high' : 'low', timezone: seen.changes % 2 === 0 ? 'Asia/Tokyo' : 'UTC' });
    const looking = until(() => reached(seen), { ...SLOW, intervalMs: 1 });
    await fleet.sync.publish(payload);

    await looking;
    await fleet.agent.end('SIGKILL');
    fleet.agent.start();
    await ackOf(payload, 'applied');

    expect(changes() - seen.changes).toBe(1);
    expect((await job('fetch-prices'))['schedule']).not.toEqual(strictness);
  });

  it('hears of a change over its stream and needs neither its pace nor a request that waits', async () => {
    await publishApplied(fleet.payload({ schedule: { 'config-sync': '0 0 * * * *', 'health-ping': '0 0 * * * *' } }));
    await until(() => fleet.sync.stream.isOpen(), SLOW);
    const held = fleet.sync.longPolls;

    await publishApplied(fleet.payload({ strictness: 'high', schedule: { 'config-sync': '0 0 * * * *', 'health-ping': '0 0 * * * *' } }));

    expect(fleet.sync.longPolls).toBe(held);
    await publishApplied(fleet.payload());
  });

  it('changes its credential when it is asked to, and goes on with the new one after a restart', async () => {
    const [before] = fleet.sync.credentialHashes();
    await writeFile(fleet.paths.rotateCredential, '');
    await until(() => fleet.sync.credentialHashes()[0] !== before, SLOW);
    await restartAgent(async () => undefined);

    await publishApplied(fleet.payload({ strictness: 'low' }));

    expect(fleet.sync.credentialHashes()).toHaveLength(1);
    expect(existsSync(fleet.paths.rotateCredential)).toBe(false);
  });

  it('brings back what somebody else changed, and says so', async () => {
    const { hash } = await fleet.api.configGet();
    await fleet.api.configPatch({ patch: { tools: { loopDetection: { enabled: false } } }, baseHash: hash, replacePaths: [], note: 'not us' });
    await fleet.api.cronRemove((await job('risk-check')).id);

    await until(async () => (await fleet.ownJobs()).some(({ declarationKey }) => declarationKey === 'fleet:risk-check'), SLOW);
    await until(() => fleet.sync.events.some(({ type }) => type === 'drift_repaired'), SLOW);

    expect(await fleet.gateway.readConfig()).toMatchObject({ tools: { loopDetection: { enabled: true } } });
  });

  it('puts the last good config back when the gateway cannot start with its file', async () => {
    // A running agent would mend the file before the gateway gets to read it.
    await fleet.agent.end('SIGTERM');
    const good = await fleet.gateway.readConfig();
    await fleet.gateway.kill('SIGKILL');
    await writeFile(fleet.paths.openclawConfig, JSON.stringify({ ...good, bogus: true }));
    await rm(fleet.paths.restartGateway, { force: true });
    fleet.gateway.spawn();
    expect(await fleet.gateway.exited()).toBe(78);
    fleet.agent.start();

    await until(() => existsSync(fleet.paths.restartGateway), SLOW);
    fleet.gateway.spawn();
    await fleet.gateway.whenReady();

    expect(await fleet.gateway.readConfig()).toEqual(good);
    await until(() => fleet.sync.events.some(({ type }) => type === 'config_restored'), SLOW);
    await publishApplied(fleet.payload({ strictness: 'medium' }));
  });

  it('stops trading when nobody has renewed its lease for as long as its policy says, and goes on when they are back', async () => {
    await publishApplied(fleet.payload({ offline_policy: 'stop', offline_after: 60 }));
    const enabled = async (name: string) => (await job(name)).enabled;
    await restartAgent(async () => {
      fleet.sync.fault('*', 'hang');
      await writeFile(fleet.paths.lease, JSON.stringify({ renewed_at: new Date(Date.now() - 3_600_000).toISOString() }));
    });

    await until(async () => !(await enabled('run-algorithm')), SLOW);
    expect(await enabled('risk-check')).toBe(true);
    expect(JSON.parse(await readFile(fleet.paths.tradingParams, 'utf8'))).toMatchObject({ trading_enabled: false, exits_only: true });
    await fleet.agent.end('SIGTERM');
    fleet.sync.fault('*', null);
    fleet.agent.start();

    await until(() => enabled('run-algorithm'), SLOW);
    await until(() => fleet.sync.events.some(({ type }) => type === 'fence_lifted'), SLOW);
  });

  it('stops trading and stops asking when another machine took over', async () => {
    fleet.sync.fault('*', { code: 'machine-superseded' });

    await until(async () => !(await job('run-algorithm')).enabled, SLOW);
    const calls = fleet.sync.calls.length;
    await restartAgent(async () => undefined);
    await until(async () => (await fleet.agent.log()).split('"started"').length > 2, SLOW);
    const result = await runJob('risk-check');
    await until(async () => (await fleet.api.cronRuns({ scope: 'all' }, () => false)).some((run) => run.runId === result), SLOW);

    expect((await job('risk-check')).enabled).toBe(true);
    expect(fleet.sync.calls.length).toBe(calls);
  });

  function jobChanges(): number {
    return fleet.events.filter(({ event, payload }) => event === 'cron' && z.object({ action: z.literal('updated') }).safeParse(payload).success).length;
  }
});
