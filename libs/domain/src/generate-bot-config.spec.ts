import { BotConfigPayload } from '@trawling/contracts';
import { Cron } from 'croner';
import fc from 'fast-check';
import { payloadHash } from './canonical-json.js';
import { generateCronJobs } from './generate-cron-jobs.js';
import { generateBotConfig, secretReferences } from './generate-bot-config.js';
import { anyBotId, anySettings, BOT_ID, contextWith, settingsWith } from './testing/examples.js';

const OTHER_BOT = '01939e7c-0000-7000-8000-000000000002';
const job = (payload: BotConfigPayload, name: string) => payload.cron_jobs.find((candidate) => candidate.name === name);
const scheduleOf = (payload: BotConfigPayload, name: string): string => job(payload, name)?.schedule ?? '';
const enabledJobs = (payload: BotConfigPayload) => payload.cron_jobs.filter(({ enabled }) => enabled).map(({ name }) => name);

describe('generateBotConfig', () => {
  it('gives the same payload and hash for the same settings and context', () => {
    fc.assert(fc.property(anySettings, anyBotId, (settings, botId) => {
      const context = contextWith({ botId });
      expect(generateBotConfig({ settings, context })).toEqual(generateBotConfig({ settings, context }));
    }));
  });

  it('makes a payload of the contract, whose hash is the hash of its content', () => {
    fc.assert(fc.property(anySettings, anyBotId, (settings, botId) => {
      const payload = generateBotConfig({ settings, context: contextWith({ botId }) });
      expect(BotConfigPayload.parse(payload)).toEqual(payload);
      expect(payload.hash).toBe(payloadHash(payload));
    }));
  });

  it('says the version as a decimal string', () => {
    expect(generateBotConfig({ settings: settingsWith(), context: contextWith({ version: 42 }) }).version).toBe('42');
  });

  it('names secrets and never holds one', () => {
    const settings = settingsWith({ channels: { telegram: { token_secret: 'telegram_token' } } });
    const context = contextWith({ secrets: [{ name: 'llm_api_key', version: 3 }, { name: 'telegram_token', version: 1 }] });

    const payload = generateBotConfig({ settings, context });

    expect(payload.llm_config.api_key).toEqual({ secret: 'llm_api_key', version: 3 });
    expect(secretReferences(payload)).toEqual([{ secret: 'llm_api_key', version: 3 }, { secret: 'telegram_token', version: 1 }]);
  });

  it('leaves a channel out until its token is there', () => {
    const settings = settingsWith({ channels: { telegram: { token_secret: 'telegram_token' } } });

    expect(generateBotConfig({ settings, context: contextWith() }).agent_config.channels).toEqual({});
  });

  it('fences live bots to exits only and lets paper bots go on, unless the owner said otherwise', () => {
    const policy = (input: Parameters<typeof settingsWith>[0]) =>
      generateBotConfig({ settings: settingsWith(input), context: contextWith() }).agent_config.offline_policy;

    expect(policy({ trading_mode: 'live' })).toBe('exits_only');
    expect(policy({ trading_mode: 'paper' })).toBe('continue');
    expect(policy({ trading_mode: 'live', offline_policy: 'stop' })).toBe('stop');
  });

  it('tells the algorithm which assets to look at', () => {
    const payload = generateBotConfig({ settings: settingsWith({ asset_focus: 'custom', custom_assets: ['XRP', 'XRP'] }), context: contextWith() });

    expect(payload.trading_params.assets).toEqual(['XRP']);
    expect(job(payload, 'run-algorithm')?.message).toContain('XRP');
  });
});

describe('the generated cron jobs', () => {
  it('are all valid cron expressions of 5 or 6 fields', () => {
    fc.assert(fc.property(anySettings, anyBotId, (settings, botId) => {
      for (const { schedule, timezone } of generateBotConfig({ settings, context: contextWith({ botId }) }).cron_jobs) {
        expect([5, 6]).toContain(schedule.split(' ').length);
        expect(new Cron(schedule, { paused: true, timezone, mode: '5-or-6-parts' }).nextRun()).not.toBeNull();
      }
    }), { numRuns: 40 });
  });

  it.each([['low', 300], ['medium', 60], ['high', 30]] as const)('fetch prices every time strictness %s says: %d s', (strictness, seconds) => {
    const schedule = scheduleOf(generateBotConfig({ settings: settingsWith({ strictness }), context: contextWith() }), 'fetch-prices');

    expect(gapsOf(schedule)).toEqual([seconds]);
  });

  it.each([['trend', 300], ['mean-reversion', 180], ['breakout', 120]] as const)('run the %s algorithm at its own pace: %d s', (algorithm_mode, seconds) => {
    const schedule = scheduleOf(generateBotConfig({ settings: settingsWith({ algorithm_mode }), context: contextWith() }), 'run-algorithm');

    expect(gapsOf(schedule)).toEqual([seconds]);
  });

  it('change with strictness for every bot', () => {
    fc.assert(fc.property(anyBotId, (botId) => {
      const schedules = (['low', 'medium', 'high'] as const).map((strictness) =>
        scheduleOf(generateBotConfig({ settings: settingsWith({ strictness }), context: contextWith({ botId }) }), 'fetch-prices'));
      expect(new Set(schedules).size).toBe(3);
    }));
  });

  it('are shifted by a stable number of the bot', () => {
    const schedules = (botId: string) =>
      generateBotConfig({ settings: settingsWith(), context: contextWith({ botId }) }).cron_jobs.map(({ schedule }) => schedule);

    expect(schedules(BOT_ID)).toEqual(schedules(BOT_ID));
    expect(schedules(BOT_ID)).not.toEqual(schedules(OTHER_BOT));
  });

  it('spread a thousand bots over all seconds of a minute', () => {
    const ids = Array.from({ length: 1000 }, (_, i) => `01939e7c-0000-7000-8000-${String(i).padStart(12, '0')}`);
    const settings = settingsWith();
    const seconds = ids.map((botId) => generateCronJobs({ settings, botId, trading: true })[0]?.schedule.split(' ')[0]);

    const counts = new Map<string | undefined, number>();
    for (const second of seconds) counts.set(second, (counts.get(second) ?? 0) + 1);
    expect(counts.size).toBe(60);
    expect(Math.max(...counts.values())).toBeLessThan(40);
  });

  it('are never shifted where the owner gave a schedule', () => {
    fc.assert(fc.property(anyBotId, (botId) => {
      const settings = settingsWith({ schedule: { 'fetch-prices': '*/5 * * * * *', 'run-algorithm': '0 9 * * 1-5' } });
      const payload = generateBotConfig({ settings, context: contextWith({ botId }) });
      expect(scheduleOf(payload, 'fetch-prices')).toBe('*/5 * * * * *');
      expect(scheduleOf(payload, 'run-algorithm')).toBe('0 9 * * 1-5');
    }));
  });

  it('stop trading while the bot is paused, but go on checking the risk', () => {
    const paused = generateBotConfig({ settings: settingsWith(), context: contextWith({ paused: true }) });

    expect(enabledJobs(paused)).toEqual(['risk-check', 'health-ping', 'config-sync']);
    expect(paused.trading_params.trading_enabled).toBe(false);
  });

  it('stop trading as well while the old machine may still live', () => {
    const held = generateBotConfig({ settings: settingsWith(), context: contextWith({ holdTrading: true }) });

    expect(enabledJobs(held)).not.toContain('run-algorithm');
    expect(held.trading_params.trading_enabled).toBe(false);
  });

  it('give an LLM turn no tool that writes, runs or changes the gateway', () => {
    const turns = generateBotConfig({ settings: settingsWith(), context: contextWith() }).cron_jobs.map(({ payload }) => payload);

    expect(turns.filter(({ kind }) => kind === 'agent_turn')).toEqual([
      { kind: 'agent_turn', tools_allow: ['read'], light_context: true, timeout_seconds: 90 },
    ]);
  });
});

describe('the intervals the agent obeys', () => {
  it('are 30 s for polling and heartbeat unless the owner says otherwise', () => {
    expect(generateBotConfig({ settings: settingsWith(), context: contextWith() }).intervals).toEqual({ poll_seconds: 30, heartbeat_seconds: 30 });
  });

  it.each([['*/10 * * * * *', 10], ['* * * * *', 60], ['*/5 9-17 * * *', 300], ['* * * * * *', 1], ['0 0 * * *', 3600]])(
    'come from the job %s as %d s', (expression, seconds) => {
      const settings = settingsWith({ schedule: { 'config-sync': expression, 'health-ping': expression } });

      const { intervals } = generateBotConfig({ settings, context: contextWith() });

      expect(intervals).toEqual({ poll_seconds: seconds, heartbeat_seconds: seconds });
    });

  it('refuse a schedule that cannot run, with its path', () => {
    const settings = settingsWith({ schedule: { 'config-sync': '99 * * * *' } });

    expect(() => generateBotConfig({ settings, context: contextWith() })).toThrow(expect.objectContaining({ code: 'invalid-request' }));
  });
});

/** The different gaps between the next runs, in seconds. */
function gapsOf(schedule: string): number[] {
  const runs = new Cron(schedule, { paused: true, timezone: 'UTC' }).nextRuns(50, new Date('2026-01-01T00:00:00Z')).map((run) => run.getTime());
  return [...new Set(runs.slice(1).map((run, i) => (run - (runs[i] ?? 0)) / 1000))];
}
