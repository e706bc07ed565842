import { type BotConfigPayload } from '@trawling/contracts';
import { until } from '@trawling/runtime/testing';
import { type RealMachine, startRealMachine } from '../testing/real-machine.js';
import { applyVersion, beginAttempt, type Outcome } from './apply-version.js';

jest.setTimeout(240_000);
/** The first of these specs may have to install OpenClaw. */
const FIRST_START_MS = 1_200_000;

describe('applying a version to the real OpenClaw', () => {
  let machine: RealMachine;

  const apply = async (payload: BotConfigPayload): Promise<Outcome> => {
    const attempt = await beginAttempt(machine.deps, payload);
    const outcome = await applyVersion(machine.deps, attempt, 'none');
    await machine.deps.state.attempt.remove();
    return outcome;
  };
  const configChanges = () => machine.events.filter((event) => event.event === 'config.changed').length;
  const ownJobs = async () => (await machine.deps.api.cronList()).filter((job) => job.declarationKey?.startsWith('fleet:'));
  const fingerprint = async () => ({
    revision: (await machine.deps.api.configGet()).configRevisionHash,
    jobs: (await ownJobs()).map((job) => [job.declarationKey, job.configRevision]).sort(),
    file: await machine.deps.host.readText(machine.paths.openclawConfig),
  });

  beforeAll(async () => {
    machine = await startRealMachine();
  }, FIRST_START_MS);
  afterAll(() => machine?.stop());

  it('brings a bootstrapped machine to its first version with one config change and its jobs', async () => {
    const before = configChanges();

    const outcome = await apply(machine.payload({ llm: { provider: 'openai-compatible', model: 'm', base_url: 'http://127.0.0.1:9/v1' } }));

    expect(outcome).toMatchObject({ kind: 'applied', applied: { payload: { version: '1' } } });
    await until(() => configChanges() === before + 1);
    expect((await ownJobs()).map((job) => job.declarationKey).sort()).toEqual(['fleet:fetch-prices', 'fleet:risk-check', 'fleet:run-algorithm']);
    expect(await machine.gateway.readConfig()).toMatchObject({ models: { providers: { 'openai-compatible': { baseUrl: 'http://127.0.0.1:9/v1' } } } });
    expect(JSON.parse((await machine.deps.host.readText(machine.paths.tradingParams)) ?? '')).toMatchObject({ trading_mode: 'paper', exits_only: false });
  });

  it('changes nothing when the same payload is applied ten more times', async () => {
    const payload = machine.deps.state.applied.current()?.payload;
    if (!payload) throw new Error('nothing is applied');
    const before = await fingerprint();
    const changes = configChanges();

    for (let time = 0; time < 10; time += 1) expect((await apply(payload)).kind).toBe('applied');

    expect(await fingerprint()).toEqual(before);
    expect(configChanges()).toBe(changes);
  });

  it('shows a changed strictness as another schedule of the same job', async () => {
    const before = (await ownJobs()).find((job) => job.declarationKey === 'fleet:fetch-prices');

    await apply(machine.payload({ strictness: 'high', llm: { provider: 'openai-compatible', model: 'm', base_url: 'http://127.0.0.1:9/v1' } }));

    const after = (await ownJobs()).find((job) => job.declarationKey === 'fleet:fetch-prices');
    expect(after?.id).toBe(before?.id);
    expect(after?.['schedule']).not.toEqual(before?.['schedule']);
  });

  it('puts nothing in place of what OpenClaw refuses, and hands on its issues', async () => {
    const before = await fingerprint();

    const outcome = await apply(machine.payload({ openclaw: { agents: { defaults: { no_such_setting: true } } } }));

    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'openclaw-rejected', issues: [{ path: 'agents.defaults', message: expect.stringContaining('no_such_setting') }] },
    });
    expect(await fingerprint()).toEqual(before);
    expect(machine.deps.state.applied.current()?.payload.version).toBe('2');
  });

  it('takes a secret whose file it wrote first; a reference OpenClaw cannot resolve is a failure that is put back', async () => {
    const llm = { provider: 'openai', model: 'gpt-6-astra' } as const;
    const withKey = machine.payload({ llm }, { secrets: [{ name: 'llm_api_key', version: 1 }] });
    machine.secretValues['llm_api_key'] = 'sk-one';
    expect((await apply(withKey)).kind).toBe('applied');
    const before = await fingerprint();

    delete machine.secretValues['llm_api_key'];
    const outcome = await apply(machine.payload({ llm }, { secrets: [{ name: 'llm_api_key', version: 2 }] }));

    expect(outcome).toMatchObject({ kind: 'failed', error: { issues: [{ path: 'models.providers.openai.apiKey' }] } });
    expect(JSON.parse((await machine.deps.host.readText(machine.paths.secrets)) ?? '')).toEqual({ llm_api_key: 'sk-one' });
    expect(await fingerprint()).toEqual(before);
  });

  it('goes back from a large config to a small one, which OpenClaw refuses as a patch', async () => {
    const links = Object.fromEntries(Array.from({ length: 400 }, (_, n) => [`person-${n}`, [`telegram:${100_000_000 + n}`]]));
    expect((await apply(machine.payload({ openclaw: { session: { identityLinks: links } } }))).kind).toBe('applied');
    const large = (await machine.deps.host.fileSize(machine.paths.openclawConfig)) ?? 0;

    const outcome = await apply(machine.payload());

    expect(outcome.kind).toBe('applied');
    expect(await machine.deps.host.fileSize(machine.paths.openclawConfig)).toBeLessThan(large / 2);
    const { valid, configRevisionHash, appliedConfigHash } = await machine.deps.api.configGet();
    expect({ valid, same: configRevisionHash === appliedConfigHash }).toEqual({ valid: true, same: true });
  });

  it('repairs a file that was broken behind its back as part of the next version', async () => {
    await machine.deps.host.writeAtomic(machine.paths.openclawConfig, '{"gateway": {"bogus": 1');

    const outcome = await apply(machine.payload({ timezone: 'Europe/Berlin' }));

    expect(outcome.kind).toBe('applied');
    expect(await machine.gateway.readConfig()).toMatchObject({ agents: { defaults: { userTimezone: 'Europe/Berlin' } }, gateway: { mode: 'local' } });
  });

  it('stops trading under the fence without another version, and takes it back', async () => {
    const payload = machine.deps.state.applied.current()?.payload;
    if (!payload) throw new Error('nothing is applied');
    const enabled = async () => Object.fromEntries((await ownJobs()).map((job) => [job.declarationKey, job.enabled]));

    await applyVersion(machine.deps, await beginAttempt(machine.deps, payload), 'stop');
    const fenced = await enabled();
    await applyVersion(machine.deps, await beginAttempt(machine.deps, payload), 'none');

    expect(fenced).toEqual({ 'fleet:fetch-prices': false, 'fleet:run-algorithm': false, 'fleet:risk-check': true });
    expect(await enabled()).toEqual({ 'fleet:fetch-prices': true, 'fleet:run-algorithm': true, 'fleet:risk-check': true });
  });
});
