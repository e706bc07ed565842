import { z } from 'zod';
import { JsonObject, SecretName } from './common.js';

/** OpenClaw would put the gateway's environment in its place, and send it wherever the owner says. */
const namesNoVariable = (text: string): boolean => !text.includes('${');
const NO_VARIABLE = 'must not contain ${';

const isTimezone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

/** A setting is stored, shown and signed: what is secret goes into a secret. */
const hasUserInfo = (url: string): boolean => URL.canParse(url) && new URL(url).username + new URL(url).password !== '';

export const Strictness = z.enum(['low', 'medium', 'high']);
export const AlgorithmMode = z.enum(['trend', 'mean-reversion', 'breakout']);
export const TradingMode = z.enum(['paper', 'live']);
export const OfflinePolicy = z.enum(['continue', 'exits_only', 'stop']);
export const AssetSymbol = z.string().regex(/^[A-Z0-9]{1,15}(?:[./-][A-Z0-9]{1,15})?$/, 'expected a symbol like BTC or BTC-USD');

export const SignalKnobs = z.strictObject({
  volume_confirmation: z.boolean().default(true),
  volatility_brake: z.boolean().default(true),
  liquidity_filter: z.boolean().default(true),
  correlation_brake: z.boolean().default(false),
});

export const RiskCaps = z.strictObject({
  max_position_size_percent: z.number().min(1).max(100).default(10),
  max_daily_loss_usd: z.number().min(0).max(10_000_000).default(50),
  max_drawdown_percent: z.number().min(0).max(100).default(15),
  max_trades_per_day: z.int().min(0).max(10_000).default(10),
});

/** `openai-compatible` is any server that speaks OpenAI's chat completions; it needs `base_url`. */
export const LlmSettings = z
  .strictObject({
    provider: z.enum(['openai', 'anthropic', 'openai-compatible']).default('openai'),
    model: z.string().min(1).max(200).refine(namesNoVariable, NO_VARIABLE).default('gpt-6-astra'),
    base_url: z
      .url({ protocol: /^https?$/ })
      .refine(namesNoVariable, NO_VARIABLE)
      .refine((url) => !hasUserInfo(url), 'must not hold a user name or password: put the secret llm_api_key')
      .optional(),
  })
  .refine((llm) => llm.provider !== 'openai-compatible' || llm.base_url !== undefined, {
    path: ['base_url'],
    message: 'openai-compatible needs base_url',
  });

/** A chat channel; its token is a secret of the bot, named here, put with PUT /bots/{id}/secrets/{name}. */
export const ChannelSettings = z.strictObject({ enabled: z.boolean().default(true), token_secret: SecretName });

/** A cron expression with 5 fields, or 6 with seconds first. Owner-given schedules are never shifted. */
export const CronExpression = z
  .string()
  .max(100)
  .regex(/^\S+(?: \S+){4,5}$/, 'expected 5 or 6 fields separated by one space');

export const ScheduleOverrides = z.strictObject({
  'fetch-prices': CronExpression.optional(),
  'run-algorithm': CronExpression.optional(),
  'risk-check': CronExpression.optional(),
  'health-ping': CronExpression.optional(),
  'config-sync': CronExpression.optional(),
});

/** What an owner edits. `generateBotConfig` turns it into the payload a bot runs. */
export const BotSettings = z
  .strictObject({
    name: z.string().trim().min(1).max(100).refine(namesNoVariable, NO_VARIABLE),
    persona: z.enum(['beginner', 'tweaker', 'quant-lite']).default('beginner'),
    asset_focus: z.enum(['majors', 'tokenized-equities', 'tokenized-metals', 'memes', 'custom']).default('majors'),
    custom_assets: z.array(AssetSymbol).max(50).default([]),
    algorithm_mode: AlgorithmMode.default('trend'),
    strictness: Strictness.default('medium'),
    signal_knobs: SignalKnobs.prefault({}),
    risk_caps: RiskCaps.prefault({}),
    trading_mode: TradingMode.default('paper'),
    timezone: z.string().refine(isTimezone, 'expected an IANA time zone such as Europe/Berlin').default('UTC'),
    llm: LlmSettings.prefault({}),
    channels: z
      .strictObject({ telegram: ChannelSettings.optional(), discord: ChannelSettings.optional() })
      .default({}),
    schedule: ScheduleOverrides.default({}),
    /** Unset: `exits_only` for live bots, `continue` for paper ones. */
    offline_policy: OfflinePolicy.optional(),
    /** Seconds without a renewed lease after which `offline_policy` takes hold. */
    offline_after: z.int().min(60).max(7 * 86_400).default(900),
    drift_policy: z.enum(['repair', 'report']).default('repair'),
    /** Extra OpenClaw settings as a merge patch, under the allow-list of libs/domain. */
    openclaw: JsonObject.default({}),
  })
  .refine((s) => s.asset_focus !== 'custom' || s.custom_assets.length > 0, {
    path: ['custom_assets'],
    message: 'asset_focus custom needs at least one asset',
  });
export type BotSettings = z.output<typeof BotSettings>;
export type BotSettingsInput = z.input<typeof BotSettings>;
