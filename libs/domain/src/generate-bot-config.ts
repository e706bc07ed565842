import { type BotConfigPayload, type BotSettings, DomainError, type SecretReference } from '@trawling/contracts';
import { assetsOf } from './assets.js';
import { payloadHash } from './canonical-json.js';
import { shortestGapSeconds } from './cron-schedule.js';
import { generateCronJobs } from './generate-cron-jobs.js';
import { generateOpenclawSettings } from './generate-openclaw-settings.js';

/** Name of the secret that holds the key of the bot's LLM provider. */
export const LLM_API_KEY = 'llm_api_key';

export type ConfigContext = {
  botId: string;
  version: number;
  issuedAt: Date;
  /** The owner paused the bot. */
  paused: boolean;
  /** The bot's old machine is not confirmed gone yet: two machines must not trade. */
  holdTrading: boolean;
  /** The secrets the bot has, in their newest versions; never their values. */
  secrets: readonly { name: string; version: number }[];
  runtime: BotConfigPayload['runtime'];
};

/**
 * The immutable snapshot of one version. Pure: the same settings and context give the same payload and hash.
 * Changing this generator never rewrites stored snapshots; it takes effect with a bot's next version.
 * Throws DomainError `invalid-request` when a schedule cannot run; settings from parseSettings never do.
 */
export function generateBotConfig({ settings, context }: { settings: BotSettings; context: ConfigContext }): BotConfigPayload {
  const trading = !context.paused && !context.holdTrading;
  const cronJobs = generateCronJobs({ settings, botId: context.botId, trading });
  const gap = (name: string): number => intervalOf(cronJobs, name);
  const content = {
    bot_id: context.botId,
    version: String(context.version),
    issued_at: context.issuedAt.toISOString(),
    agent_config: {
      name: settings.name,
      persona: settings.persona,
      timezone: settings.timezone,
      offline_policy: settings.offline_policy ?? (settings.trading_mode === 'live' ? 'exits_only' : 'continue'),
      offline_after: settings.offline_after,
      drift_policy: settings.drift_policy,
      channels: channelsOf(settings, context.secrets),
      openclaw: generateOpenclawSettings(settings),
    },
    cron_jobs: cronJobs,
    trading_params: {
      trading_mode: settings.trading_mode,
      trading_enabled: trading,
      algorithm_mode: settings.algorithm_mode,
      strictness: settings.strictness,
      assets: assetsOf(settings),
      signal_knobs: settings.signal_knobs,
      risk_caps: settings.risk_caps,
    },
    llm_config: {
      provider: settings.llm.provider,
      model: settings.llm.model,
      ...(settings.llm.base_url === undefined ? {} : { base_url: settings.llm.base_url }),
      api_key: referenceTo(LLM_API_KEY, context.secrets),
    },
    intervals: { poll_seconds: gap('config-sync'), heartbeat_seconds: gap('health-ping') },
    runtime: context.runtime,
  } satisfies Omit<BotConfigPayload, 'hash'>;
  return { ...content, hash: payloadHash(content) };
}

/** Every secret a payload needs, each once, sorted by name: what the agent must have before it applies. */
export function secretReferences(payload: Pick<BotConfigPayload, 'agent_config' | 'llm_config'>): SecretReference[] {
  const all = Object.values(payload.agent_config.channels).map(({ token }) => token);
  if (payload.llm_config.api_key) all.push(payload.llm_config.api_key);
  const byName = new Map(all.map((reference) => [reference.secret, reference]));
  return [...byName.values()].sort((a, b) => (a.secret < b.secret ? -1 : 1));
}

/** The agent obeys one number of seconds: the shortest gap of its job's schedule, within what the contract allows. */
function intervalOf(jobs: BotConfigPayload['cron_jobs'], name: string): number {
  const schedule = jobs.find((job) => job.name === name)?.schedule ?? '';
  try {
    return Math.min(3600, Math.max(1, Math.round(shortestGapSeconds(schedule))));
  } catch (error) {
    const message = error instanceof Error ? error.message : 'not a cron expression';
    throw new DomainError('invalid-request', `schedule.${name}: ${message}`, { issues: [{ path: `schedule.${name}`, message }] });
  }
}

function referenceTo(name: string, secrets: ConfigContext['secrets']): SecretReference | null {
  const secret = secrets.find((candidate) => candidate.name === name);
  return secret ? { secret: secret.name, version: secret.version } : null;
}

/** A channel whose token was not put yet is left out: OpenClaw could not open it. Putting it makes a new version. */
function channelsOf(settings: BotSettings, secrets: ConfigContext['secrets']): BotConfigPayload['agent_config']['channels'] {
  const channels: BotConfigPayload['agent_config']['channels'] = {};
  for (const [name, channel] of Object.entries(settings.channels)) {
    const token = channel ? referenceTo(channel.token_secret, secrets) : null;
    if (channel && token) channels[name] = { enabled: channel.enabled, token };
  }
  return channels;
}
