import type { JsonObject } from '@trawling/contracts';
import { applySettingsPatch, missingSecretWarnings, parseSettings } from './bot-settings.js';
import { settingsWith } from './testing/examples.js';

const refusal = (path: string) => expect.objectContaining({
  code: 'invalid-request',
  extensions: { issues: expect.arrayContaining([expect.objectContaining({ path })]) },
});

describe('applySettingsPatch', () => {
  it('changes what the patch names and leaves the rest', () => {
    const before = settingsWith({ risk_caps: { max_trades_per_day: 3 } });

    const after = applySettingsPatch(before, { strictness: 'high', risk_caps: { max_drawdown_percent: 5 } });

    expect(after).toEqual({ ...before, strictness: 'high', risk_caps: { ...before.risk_caps, max_drawdown_percent: 5 } });
  });

  it('puts a setting back to its default with null', () => {
    expect(applySettingsPatch(settingsWith({ strictness: 'high' }), { strictness: null }).strictness).toBe('medium');
  });

  it('removes an owner’s schedule with null', () => {
    const before = settingsWith({ schedule: { 'fetch-prices': '*/5 * * * *' } });

    expect(applySettingsPatch(before, { schedule: { 'fetch-prices': null } }).schedule).toEqual({});
  });

  it.each<[string, JsonObject]>([
    ['an unset one', { offline_policy: null }],
    ['an unset part of one', { llm: { base_url: null }, channels: { telegram: null }, schedule: { 'risk-check': null } }],
    ['whole groups', { risk_caps: null, channels: null, schedule: null, custom_assets: null }],
    ['anything among the OpenClaw extras', { openclaw: { agents: null } }],
  ])('takes null for what is a setting already at its default: %s', (_what, patch) => {
    expect(applySettingsPatch(settingsWith(), patch)).toEqual(settingsWith());
  });

  it.each<[string, JsonObject]>([
    ['strictness', { strictness: 'extreme' }],
    ['name', { name: null }],
    ['risk_caps.max_position_size_percent', { risk_caps: { max_position_size_percent: 101 } }],
    ['no_such_setting', { no_such_setting: 1 }],
    ['no_such_setting', { no_such_setting: null }],
    ['risk_caps.no_such_cap', { risk_caps: { no_such_cap: null } }],
    ['channels.carrier_pigeon', { channels: { carrier_pigeon: { token_secret: 'x' } } }],
    ['channels.carrier_pigeon', { channels: { carrier_pigeon: null } }],
    ['schedule.fetch-prices', { schedule: { 'fetch-prices': '61 * * * *' } }],
    ['schedule.run-algorithm', { schedule: { 'run-algorithm': '0 0 31 2 *' } }],
    ['schedule.run-algorithm', { schedule: { 'run-algorithm': '@daily' } }],
    ['name', { name: 'a\0b' }],
    ['openclaw.messages.responsePrefix', { openclaw: { messages: { responsePrefix: '\ud800' } } }],
    ['custom_assets', { asset_focus: 'custom' }],
    ['llm.base_url', { llm: { base_url: 'https://me:hunter2@llm.example' } }],
    ['llm.base_url', { llm: { base_url: 'https://llm.example/${HOME}/v1' } }],
    ['llm.model', { llm: { model: '${OPENCLAW_GATEWAY_TOKEN}' } }],
    ['name', { name: '${HOME}' }],
  ])('refuses a bad patch with the offending path %p', (path, patch) => {
    expect(() => applySettingsPatch(settingsWith(), patch)).toThrow(refusal(path));
  });

  it('refuses prototype keys', () => {
    const patch: JsonObject = JSON.parse('{"openclaw": {"__proto__": {"admin": true}}}');

    expect(() => applySettingsPatch(settingsWith(), patch)).toThrow(refusal('openclaw.__proto__'));
  });
});

describe('parseSettings', () => {
  it('needs nothing but a name', () => {
    expect(parseSettings({ name: 'Bot' })).toEqual(settingsWith());
  });

  it('refuses what is no object', () => {
    expect(() => parseSettings('Bot')).toThrow(refusal(''));
  });
});

describe('missingSecretWarnings', () => {
  it('warns about a channel whose token was not put yet', () => {
    const settings = settingsWith({ channels: { discord: { token_secret: 'discord_token' } } });

    expect(missingSecretWarnings(settings, []).map(({ path }) => path)).toEqual(['channels.discord.token_secret']);
    expect(missingSecretWarnings(settings, [{ name: 'discord_token' }])).toEqual([]);
  });
});
