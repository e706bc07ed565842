import { BotSettings, type BotSettingsInput } from '@trawling/contracts';
import fc from 'fast-check';
import type { ConfigContext } from '../generate-bot-config.js';

export const BOT_ID = '01939e7c-0000-7000-8000-000000000001';

/** Settings with every default filled in. */
export const settingsWith = (input: Partial<BotSettingsInput> = {}): BotSettings => BotSettings.parse({ name: 'Bot', ...input });

export const contextWith = (context: Partial<ConfigContext> = {}): ConfigContext => ({
  botId: BOT_ID,
  version: 1,
  issuedAt: new Date('2026-11-21T08:00:00.000Z'),
  paused: false,
  holdTrading: false,
  secrets: [],
  runtime: { openclaw_version: '2026.9.6', agent_sha256: `sha256:${'0'.repeat(64)}` },
  ...context,
});

/** Any settings an owner may have, extras left out. */
export const anySettings: fc.Arbitrary<BotSettings> = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 20 }).map((name) => `b${name.replaceAll('$', '')}`),
    persona: fc.constantFrom('beginner' as const, 'tweaker' as const, 'quant-lite' as const),
    asset_focus: fc.constantFrom('majors' as const, 'memes' as const, 'custom' as const),
    custom_assets: fc.uniqueArray(fc.constantFrom('BTC', 'ETH-USD', 'XRP', 'BRK.B'), { minLength: 1 }),
    algorithm_mode: fc.constantFrom('trend' as const, 'mean-reversion' as const, 'breakout' as const),
    strictness: fc.constantFrom('low' as const, 'medium' as const, 'high' as const),
    trading_mode: fc.constantFrom('paper' as const, 'live' as const),
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/New_York'),
    channels: fc.constantFrom({}, { telegram: { token_secret: 'telegram_token' } }, { discord: { enabled: false, token_secret: 'discord_token' } }),
  })
  .map((input) => BotSettings.parse(input));

export const anyBotId: fc.Arbitrary<string> = fc.uuid({ version: 7 });
