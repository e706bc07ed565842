import { AlgorithmMode, type BotSettingsInput, BotStatus, Capability, TradingMode } from '@trawling/contracts';
import { payloadWith } from '../testing/payloads.js';
import { allCapabilities, type BotAbility, botCapabilities, CONFIG_CAPABILITIES } from './bot-capabilities.js';
import { botCapacity, MAX_RUNS_OF_OPENCLAW } from './bot-capacity.js';

const ability = (settings: Partial<BotSettingsInput> = {}, over: Partial<BotAbility> = {}): BotAbility => ({
  config: payloadWith(settings),
  fence: 'none',
  givenUpJobs: [],
  ...over,
});
const paused = () => {
  const payload = payloadWith();
  return { ...payload, trading_params: { ...payload.trading_params, trading_enabled: false } };
};

describe('what a bot can do', () => {
  it.each(AlgorithmMode.options)('is the %s strategy while its config trades by it', (algorithm_mode) => {
    expect(botCapabilities(ability({ algorithm_mode, trading_mode: 'live' }))).toEqual([`strategy.${algorithm_mode}`, 'mode.live']);
  });

  it.each([
    ['while it is paused or held', ability({}, { config: paused() })],
    ['while the offline policy lets it only end positions', ability({}, { fence: 'exits_only' })],
    ['once its machine no longer speaks for it', ability({}, { fence: 'stop' })],
    ['while OpenClaw has given up on the job that runs it', ability({}, { givenUpJobs: ['fleet:run-algorithm'] })],
  ])('is no strategy %s, and still says its mode', (_when, now) => {
    expect(botCapabilities(now)).toEqual(['mode.paper']);
  });

  it('is nothing before a config was applied', () => {
    expect(botCapabilities(ability({}, { config: null }))).toEqual([]);
  });

  it('has a description for whatever a config can bring', () => {
    const possible = AlgorithmMode.options.flatMap((algorithm_mode) =>
      TradingMode.options.flatMap((trading_mode) => botCapabilities(ability({ algorithm_mode, trading_mode }))),
    );

    expect(new Set(CONFIG_CAPABILITIES.map(({ name }) => name))).toEqual(new Set(possible));
    expect(CONFIG_CAPABILITIES.map(({ name }) => Capability.safeParse(name).success)).not.toContain(false);
  });
});

describe('what a bot says it can do', () => {
  it('is what its agent is registered for, and what follows from its config', () => {
    expect(allCapabilities(['jobs.run', 'config.apply'], ability())).toEqual(['jobs.run', 'config.apply', 'strategy.trend', 'mode.paper']);
  });

  it('is no strategy and no mode that somebody registered: only the config says those', () => {
    expect(allCapabilities(['jobs.run', 'strategy.breakout', 'mode.live'], ability({}, { config: paused() }))).toEqual(['jobs.run', 'mode.paper']);
  });

  it('is never more than a heartbeat may carry, however much is registered: a bot whose heartbeats are refused is lost', () => {
    const registered = Array.from({ length: 200 }, (_, number) => `skill.${number}`);

    const capabilities = allCapabilities(registered, ability());

    expect(BotStatus.shape.capabilities.safeParse(capabilities).success).toBe(true);
    expect(capabilities.slice(-3)).toEqual(['skill.197', 'strategy.trend', 'mode.paper']);
  });
});

describe('the capacity of a bot', () => {
  const capacity = (over: Partial<Parameters<typeof botCapacity>[0]> = {}) =>
    botCapacity({ ...ability(), gateway: 'ready', runs: 1, draining: false, ...over });

  it('is as many runs at once as it has jobs in OpenClaw, each of which runs once at a time', () => {
    expect(capacity()).toEqual({ concurrent_tasks: 3, queue_length: 1 });
  });

  it('never exceeds what OpenClaw runs at once', () => {
    const config = payloadWith();
    const [job] = config.cron_jobs;
    if (!job) throw new Error('no job');
    const cron_jobs = Array.from({ length: 20 }, (_, number) => ({ ...job, name: `job-${number}` }));

    expect(capacity({ config: { ...config, cron_jobs } }).concurrent_tasks).toBe(MAX_RUNS_OF_OPENCLAW);
  });

  it('leaves out jobs that OpenClaw has given up on', () => {
    expect(capacity({ givenUpJobs: ['fleet:fetch-prices'] }).concurrent_tasks).toBe(2);
  });

  it.each([
    ['before a config was applied', { config: null }],
    ['while trading is off', { config: paused() }],
    ['while the offline policy holds it', { fence: 'exits_only' as const }],
    ['while the gateway starts', { gateway: 'starting' as const }],
    ['once its agent was told to end', { draining: true }],
  ])('is no room %s; what runs is counted all the same', (_when, over) => {
    expect(capacity(over)).toEqual({ concurrent_tasks: 0, queue_length: 1 });
  });

  it('is nothing at all while nobody is there to run anything', () => {
    expect(capacity({ gateway: 'down' })).toEqual({ concurrent_tasks: 0, queue_length: 0 });
  });
});
