import { AlgorithmMode, type BotConfigPayload, TradingMode } from '@trawling/contracts';
import { declarationKeyOf } from '@trawling/domain';
import { type Fence } from '../state/agent-state.js';

/** What the config that runs, and what keeps it from trading, say about a bot. */
export interface BotAbility {
  /** The applied config; null before there is one. */
  config: Pick<BotConfigPayload, 'trading_params' | 'cron_jobs'> | null;
  /** Anything but `none`: nobody renewed the lease, or the machine no longer speaks for its bot. */
  fence: Fence;
  /** Declaration keys of jobs that OpenClaw itself disabled after failures. */
  givenUpJobs: readonly string[];
}

const ALGORITHM_JOB = declarationKeyOf('run-algorithm');

type TradingParams = BotConfigPayload['trading_params'];

const strategyCapability = (algorithm: TradingParams['algorithm_mode']): string => `strategy.${algorithm}`;
const modeCapability = (mode: TradingParams['trading_mode']): string => `mode.${mode}`;

/** All that can follow from a config, with what they mean. */
export const CONFIG_CAPABILITIES: readonly { name: string; description: string }[] = [
  ...AlgorithmMode.options.map((algorithm) => ({
    name: strategyCapability(algorithm),
    description: `Runs the ${algorithm} strategy now`,
  })),
  ...TradingMode.options.map((mode) => ({ name: modeCapability(mode), description: `Is configured for ${mode} trading` })),
];

/** Whether the applied config trades: not paused, not held, not fenced by the offline policy. */
export const isTrading = ({ config, fence }: Pick<BotAbility, 'config' | 'fence'>): boolean =>
  config !== null && config.trading_params.trading_enabled && fence === 'none';

/**
 * What a bot can do beyond what its agent is registered for. The mode is the config's also while the bot is paused; the
 * strategy is there only while the bot would really run it.
 */
export function botCapabilities(ability: BotAbility): string[] {
  const { config, givenUpJobs } = ability;
  if (config === null) return [];
  const { algorithm_mode, trading_mode } = config.trading_params;
  const runs = isTrading(ability) && !givenUpJobs.includes(ALGORITHM_JOB);
  return [...(runs ? [strategyCapability(algorithm_mode)] : []), modeCapability(trading_mode)];
}

/** As many as a status may name. */
const MOST = 200;

/**
 * What the agent is registered for, and what follows from the config. Only the config says strategies and modes; of the
 * registered ones those are left out that a heartbeat has no place for: it would be refused as a whole.
 */
export function allCapabilities(registered: readonly string[], ability: BotAbility): string[] {
  const own = botCapabilities(ability);
  const others = registered.filter((name) => !CONFIG_CAPABILITIES.some((one) => one.name === name));
  return [...others.slice(0, MOST - own.length), ...own];
}
