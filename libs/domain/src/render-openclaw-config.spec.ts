import type { BotSettingsInput, JsonObject } from '@trawling/contracts';
import fc from 'fast-check';
import { generateBootstrapConfig } from './bootstrap-config.js';
import { generateBotConfig } from './generate-bot-config.js';
import { mergePatch } from './merge-patch.js';
import { machineOwnedSettings } from './openclaw-machine.js';
import { renderOpenclawConfig } from './render-openclaw-config.js';
import { SAFE_BASE } from './safe-base.js';
import { anySettings, contextWith, settingsWith } from './testing/examples.js';
import { machineWith } from './testing/openclaw-machine.js';

const KEY = { name: 'llm_api_key', version: 2 };
const render = (input: Partial<BotSettingsInput> = {}, secrets: { name: string; version: number }[] = [], machine = machineWith()): JsonObject =>
  renderOpenclawConfig(generateBotConfig({ settings: settingsWith(input), context: contextWith({ secrets }) }), machine);

describe('renderOpenclawConfig', () => {
  it('carries the whole safe base, whatever the settings', () => {
    fc.assert(fc.property(anySettings, (settings) => {
      const rendered = renderOpenclawConfig(generateBotConfig({ settings, context: contextWith() }), machineWith());
      expect(rendered).toMatchObject({ ...SAFE_BASE, models: { catalogRefresh: { enabled: false } } });
    }));
  });

  it.each([
    ['openai', 'openai-completions'],
    ['anthropic', 'anthropic-messages'],
    ['openai-compatible', 'openai-completions'],
  ] as const)('speaks to %s through %s, with the key as a reference into the secrets file', (provider, api) => {
    const rendered = render({ llm: { provider, model: 'some-model', base_url: 'http://127.0.0.1:9/v1' } }, [KEY]);

    expect(rendered).toMatchObject({
      models: {
        providers: {
          [provider]: { api, baseUrl: 'http://127.0.0.1:9/v1', apiKey: { source: 'file', provider: 'fleet', id: '/llm_api_key' }, models: [{ id: 'some-model', contextTokens: 32_000 }] },
        },
      },
      agents: { defaults: { model: { primary: `${provider}/some-model` } } },
      secrets: { providers: { fleet: { source: 'file', path: '/m/agent/secrets.json', mode: 'json' } } },
    });
  });

  it('names no key when none was put', () => {
    expect(JSON.stringify(render())).not.toContain('apiKey');
  });

  it('opens the channels whose token is there', () => {
    const channels = { telegram: { token_secret: 'telegram_token' }, discord: { enabled: false, token_secret: 'discord_token' } };

    expect(render({ channels }, [{ name: 'telegram_token', version: 1 }, { name: 'discord_token', version: 1 }])['channels']).toEqual({
      telegram: { enabled: true, botToken: { source: 'file', provider: 'fleet', id: '/telegram_token' } },
      discord: { enabled: false, token: { source: 'file', provider: 'fleet', id: '/discord_token' } },
    });
  });

  it('says the bot’s name, time zone and workspace', () => {
    expect(render({ name: 'Ada', timezone: 'Europe/Berlin' })).toMatchObject({
      agents: { defaults: { userTimezone: 'Europe/Berlin', workspace: '/m/workspace' }, entries: { main: { name: 'Ada', identity: { name: 'Ada' } } } },
    });
  });

  it('adds the owner’s extras', () => {
    expect(render({ openclaw: { messages: { responsePrefix: '[bot]' }, agents: { defaults: { timeoutSeconds: 60 } } } })).toMatchObject({
      messages: { responsePrefix: '[bot]' },
      agents: { defaults: { timeoutSeconds: 60, heartbeat: { every: '0m' } } },
    });
  });

  it('lets no extra take a part of the safe base away', () => {
    expect(render({ openclaw: { agents: { defaults: { timeoutSeconds: null } }, messages: null } })).toMatchObject({ agents: { defaults: { timeoutSeconds: 120 } } });
  });

  it('lets what belongs to the machine win over everything', () => {
    const hostile: JsonObject = { gateway: { port: 1, bind: 'lan' }, cron: { webhookToken: 'mine' } };

    expect(render({ openclaw: hostile })).toMatchObject({ gateway: { port: 18_800, bind: 'loopback', mode: 'local' }, cron: { webhookToken: 'local-token' } });
  });
});

describe('generateBootstrapConfig', () => {
  it('starts the gateway on loopback with its token from a file, safe from its first second', () => {
    expect(generateBootstrapConfig(machineWith({ webhook: null }))).toEqual(mergePatch(SAFE_BASE, {
      gateway: { mode: 'local', port: 18_800, bind: 'loopback', auth: { mode: 'token', token: { source: 'file', provider: 'fleet-gateway', id: 'value' } } },
      secrets: {
        providers: {
          'fleet': { source: 'file', path: '/m/agent/secrets.json', mode: 'json' },
          'fleet-gateway': { source: 'file', path: '/m/agent/gateway-token', mode: 'singleValue' },
        },
      },
      agents: { defaults: { workspace: '/m/workspace' } },
    }));
  });

  it('already has every part that only a restart changes', () => {
    const restartOnly = ['gateway', 'update', 'telemetry', 'memory'];
    const bootstrap = generateBootstrapConfig(machineWith());

    const rendered = render({ llm: { provider: 'anthropic', model: 'm' } }, [KEY]);

    expect(restartOnly.map((key) => rendered[key])).toEqual(restartOnly.map((key) => bootstrap[key]));
  });
});

describe('machineOwnedSettings', () => {
  it('lets webhooks reach the agent’s receiver and no other private address', () => {
    expect(machineOwnedSettings(machineWith())['cron']).toEqual({ webhookToken: 'local-token', webhookSsrfPolicy: { allowedHostnames: ['127.0.0.1'] } });
    expect(machineOwnedSettings(machineWith({ webhook: null }))['cron']).toBeUndefined();
  });
});
