import { type JsonObject } from '@trawling/contracts';
import { generateBootstrapConfig } from '@trawling/domain';
import { CronJobView } from '../gateway/openclaw-types.js';
import { MACHINE, payloadWith } from '../testing/payloads.js';
import { givenUpJobs, pathsOf, plan, type Running, type Wanted, wantedState } from './plan.js';

const wanted = (over: Partial<Wanted> = {}): Wanted => ({
  ...wantedState({ payload: payloadWith(), machine: MACHINE, fence: 'none', secrets: {} }),
  ...over,
});
/** What runs when everything of `state` was carried out. */
const runningAs = (state: Wanted, over: Partial<Running> = {}): Running => ({
  config: state.rendered,
  configBytes: JSON.stringify(state.rendered, null, 2).length,
  fallback: {},
  jobs: state.jobs.map((job, n) => CronJobView.parse({ id: `job-${n}`, configRevision: `r${n}`, ...job })),
  tradingParams: state.tradingParams,
  secrets: state.secrets,
  ...over,
});
const bootstrapped = (over: Partial<Running> = {}): Running => {
  const config = generateBootstrapConfig({ ...MACHINE, webhook: null });
  return { config, configBytes: JSON.stringify(config).length, fallback: config, jobs: [], tradingParams: null, secrets: {}, ...over };
};
const kinds = (input: { running: Running; wanted: Wanted; previous?: JsonObject | null; reenable?: boolean }) =>
  plan({ previous: null, reenable: true, ...input }).map((step) => step.kind);

describe('plan', () => {
  it('has nothing to do when what runs is what is wanted', () => {
    const state = wanted();

    expect(kinds({ running: runningAs(state), wanted: state, previous: state.rendered })).toEqual([]);
  });

  it('writes secrets, then changes the config, then trading parameters, then jobs', () => {
    const state = wanted({ secrets: { llm_api_key: 'sk' } });

    expect(kinds({ running: bootstrapped(), wanted: state })).toEqual([
      'write-secrets', 'patch-config', 'write-trading-params', 'add-job', 'add-job', 'add-job',
    ]);
  });

  it('keeps the secrets of the old config until the new one runs, and drops them after', () => {
    const state = wanted({ secrets: { fresh: 'b' } });
    const before = bootstrapped({ secrets: { old: 'a' } });

    const [first] = plan({ running: before, wanted: state, previous: null, reenable: true });
    const then = plan({ running: runningAs(state, { secrets: { old: 'a', fresh: 'b' } }), wanted: state, previous: state.rendered, reenable: true });

    expect(first).toEqual({ kind: 'write-secrets', secrets: { old: 'a', fresh: 'b' } });
    expect(then).toEqual([{ kind: 'write-secrets', secrets: { fresh: 'b' } }]);
  });

  it('replaces the file instead of patching when OpenClaw would refuse the drop in size', () => {
    const state = wanted();
    const large = { ...state.rendered, extra: 'x'.repeat(20_000) };
    const running = runningAs(state, { config: large, configBytes: JSON.stringify(large, null, 2).length });

    const steps = plan({ running, wanted: state, previous: large, reenable: true });

    expect(steps.map((step) => step.kind)).toEqual(['replace-config']);
    expect(steps[0]?.kind === 'replace-config' && JSON.parse(steps[0].text)).toEqual(state.rendered);
  });

  it('builds on the last good config when OpenClaw calls the file invalid, keeping what is not ours in it', () => {
    const state = wanted();
    const running = runningAs(state, { config: null, fallback: { meta: { foreign: 1 } } });

    const steps = plan({ running, wanted: state, previous: state.rendered, reenable: true });

    expect(steps[0]?.kind === 'replace-config' && JSON.parse(steps[0].text)).toEqual({ ...state.rendered, meta: { foreign: 1 } });
  });

  it('leaves a job off that OpenClaw gave up on, until a version may enable it again', () => {
    const state = wanted();
    const running = runningAs(state);
    const given = running.jobs.map((job, n) => (n === 0 ? { ...job, enabled: false, state: { autoDisabled: { reason: 'consecutive-failures' } } } : job));

    expect(kinds({ running: { ...running, jobs: given }, wanted: state, previous: state.rendered, reenable: false })).toEqual([]);
    expect(kinds({ running: { ...running, jobs: given }, wanted: state, previous: state.rendered, reenable: true })).toEqual(['update-job']);
    expect(givenUpJobs(given)).toEqual(['fleet:fetch-prices']);
  });

  it('enables a job again in drift repair when somebody else switched it off', () => {
    const state = wanted();
    const running = runningAs(state);
    const jobs = running.jobs.map((job, n) => (n === 0 ? { ...job, enabled: false } : job));

    const steps = plan({ running: { ...running, jobs }, wanted: state, previous: state.rendered, reenable: false });

    expect(steps.flatMap(pathsOf)).toEqual(['cron.fleet:fetch-prices.enabled']);
  });

  it('names what each step touches', () => {
    const state = wanted({ secrets: { llm_api_key: 'hush-hush' } });

    const paths = plan({ running: bootstrapped(), wanted: state, previous: null, reenable: true }).flatMap(pathsOf);

    expect(paths).toEqual(expect.arrayContaining(['secrets.json', 'cron.webhookToken', 'trading-params.json', 'cron.fleet:risk-check']));
    expect(paths.join()).not.toContain('hush');
  });
});

describe('wantedState', () => {
  const under = (fence: 'none' | 'exits_only' | 'stop') => {
    const { jobs, tradingParams } = wantedState({ payload: payloadWith(), machine: MACHINE, fence, secrets: {} });
    const enabled = jobs.filter((job) => job.enabled).map((job) => job.declarationKey);
    return { enabled, params: JSON.parse(tradingParams ?? '') };
  };

  it('runs everything without a fence', () => {
    expect(under('none')).toMatchObject({
      enabled: ['fleet:fetch-prices', 'fleet:run-algorithm', 'fleet:risk-check'],
      params: { trading_enabled: true, exits_only: false, config_version: '1' },
    });
  });

  it('keeps the jobs but only lets positions be closed under exits_only', () => {
    expect(under('exits_only')).toMatchObject({ enabled: { length: 3 }, params: { trading_enabled: true, exits_only: true } });
  });

  it('runs nothing but the risk check under stop', () => {
    expect(under('stop')).toMatchObject({ enabled: ['fleet:risk-check'], params: { trading_enabled: false, exits_only: true } });
  });
});
