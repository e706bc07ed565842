import { z } from 'zod';
import { AlgorithmMode, OfflinePolicy, RiskCaps, SignalKnobs, Strictness, TradingMode } from './bot-settings.js';
import { BotId, JsonObject, SecretReference, Sha256, Timestamp, WireVersion } from './common.js';

/** What a cron job does when it fires. */
export const CronJobPayload = z.discriminatedUnion('kind', [
  /** Runs in the agent's own loop; `intervals` is generated from its schedule and is what the agent obeys. */
  z.object({ kind: z.literal('agent_loop') }),
  /** A deterministic OpenClaw command job, no LLM. The renderer turns the name into an argv of this machine. */
  z.object({
    kind: z.literal('command'),
    command: z.enum(['fetch-prices', 'risk-check']),
    timeout_seconds: z.int().min(1).max(600),
  }),
  /** A real OpenClaw agent turn with a narrow tool list. */
  z.object({
    kind: z.literal('agent_turn'),
    tools_allow: z.array(z.string()),
    light_context: z.boolean(),
    timeout_seconds: z.int().min(1).max(3600),
  }),
]);
export type CronJobPayload = z.infer<typeof CronJobPayload>;

export const CronJob = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  /** Cron expression with 5 or 6 fields. */
  schedule: z.string(),
  timezone: z.string(),
  message: z.string(),
  enabled: z.boolean(),
  runner: z.enum(['agent', 'openclaw']),
  payload: CronJobPayload,
});
export type CronJob = z.infer<typeof CronJob>;

export const ChannelConfig = z.object({ enabled: z.boolean(), token: SecretReference });

export const AgentConfig = z.object({
  name: z.string(),
  persona: z.string(),
  timezone: z.string(),
  offline_policy: OfflinePolicy,
  /** Seconds. */
  offline_after: z.int(),
  drift_policy: z.enum(['repair', 'report']),
  channels: z.record(z.string(), ChannelConfig),
  /** The OpenClaw settings this version wants: safe base, generated settings, then the owner's extras. */
  openclaw: JsonObject,
});
export type AgentConfig = z.infer<typeof AgentConfig>;

export const TradingParams = z.object({
  trading_mode: TradingMode,
  /** False while the bot is paused or waits for its old machine to be gone. */
  trading_enabled: z.boolean(),
  algorithm_mode: AlgorithmMode,
  strictness: Strictness,
  assets: z.array(z.string()),
  signal_knobs: SignalKnobs,
  risk_caps: RiskCaps,
});
export type TradingParams = z.infer<typeof TradingParams>;

export const LlmConfig = z.object({
  provider: z.enum(['openai', 'anthropic', 'openai-compatible']),
  model: z.string(),
  base_url: z.string().optional(),
  /** Null when no secret `llm_api_key` was put: the provider is then called without a key. */
  api_key: SecretReference.nullable(),
});
export type LlmConfig = z.infer<typeof LlmConfig>;

/** An immutable snapshot, one per version. Holds no secret, no port, no path of a machine. */
export const BotConfigPayload = z.object({
  bot_id: BotId,
  version: WireVersion,
  hash: Sha256,
  issued_at: Timestamp,
  agent_config: AgentConfig,
  cron_jobs: z.array(CronJob),
  trading_params: TradingParams,
  llm_config: LlmConfig,
  intervals: z.object({ poll_seconds: z.int().min(1).max(3600), heartbeat_seconds: z.int().min(1).max(3600) }),
  runtime: z.object({ openclaw_version: z.string(), agent_sha256: Sha256 }),
});
export type BotConfigPayload = z.infer<typeof BotConfigPayload>;
