import type { BotSettings, CronJob } from '@trawling/contracts';
import { assetsOf } from './assets.js';
import { everySeconds, staggerOf } from './cron-schedule.js';

/** Seconds between two looks at the market: the stricter the bot, the fresher the prices it decides on. */
export const MARKET_DATA_SECONDS = { low: 300, medium: 60, high: 30 } as const satisfies Record<BotSettings['strictness'], number>;

/** Seconds between two runs of the algorithm: each has its own pace. */
export const ALGORITHM_SECONDS = {
  'trend': 300,
  'mean-reversion': 180,
  'breakout': 120,
} as const satisfies Record<BotSettings['algorithm_mode'], number>;

const ALGORITHM_NAMES = {
  'trend': 'trend-following',
  'mean-reversion': 'mean-reversion',
  'breakout': 'breakout',
} as const satisfies Record<BotSettings['algorithm_mode'], string>;

export const RISK_CHECK_SECONDS = 60;
export const HEALTH_PING_SECONDS = 30;
export const CONFIG_SYNC_SECONDS = 30;

/** An agent turn that takes longer is stopped by OpenClaw. Shorter than the fastest algorithm's pace. */
export const AGENT_TURN_TIMEOUT_SECONDS = 90;

/**
 * Most model calls of an agent turn whose LLM asks for the same tool for ever. OpenClaw 2026.9.6 with loop detection
 * (its limits are fixed) blocks the 21st call without progress and ends the run at the next one: 22 calls measured,
 * 11 for a tool that is not offered. The rest is margin for one retry of a failed request each. An LLM that varies
 * what it asks for looks like progress to it: the bot agent stops that turn, see MAX_TOOL_CALLS_OF_A_TURN.
 */
export const MAX_MODEL_CALLS_OF_A_STUCK_TURN = 25;

/**
 * Tool calls a turn may make; at the next one the bot agent aborts the run through the gateway. OpenClaw has no such
 * limit itself. Above what its loop detection lets through, so that a stuck turn keeps OpenClaw's own words.
 */
export const MAX_TOOL_CALLS_OF_A_TURN = 24;

/**
 * Most model calls of an agent turn whose LLM asks for other tools or with other arguments for ever. Each model call
 * brings at least one tool call, so the 25th starts the abort; with an LLM that answers at once (50 ms a round) 25 or
 * 26 calls were made until it took hold, 40 to 120 ms later. The rest is margin for a slow machine. While the agent is
 * down or cut off from the gateway, nobody counts: the turn then ends by AGENT_TURN_TIMEOUT_SECONDS.
 */
export const MAX_MODEL_CALLS_OF_A_RUNAWAY_TURN = 40;

/** Seconds by which each job follows the first one, so that prices are there before something looks at them. */
const PHASES = { 'fetch-prices': 0, 'risk-check': 5, 'run-algorithm': 10, 'health-ping': 0, 'config-sync': 15 } as const;

type JobName = keyof typeof PHASES;

/**
 * The jobs of one bot, always the same five in the same order. A schedule the owner gave is used as it is; a
 * generated one is shifted by a stable number of the bot, so that ten thousand bots do not wake in the same second.
 * While `trading` is false the trading jobs are there but disabled; the risk check and the agent's own jobs go on.
 */
export function generateCronJobs({ settings, botId, trading }: { settings: BotSettings; botId: string; trading: boolean }): CronJob[] {
  const stagger = staggerOf(botId);
  const schedule = (name: JobName, periodSeconds: number): string =>
    settings.schedule[name] ?? everySeconds(periodSeconds, stagger + PHASES[name]);
  const common = { timezone: settings.timezone };
  const assets = assetsOf(settings).join(', ');
  return [
    {
      ...common,
      name: 'fetch-prices',
      schedule: schedule('fetch-prices', MARKET_DATA_SECONDS[settings.strictness]),
      message: `Fetch ${assets} prices from the data-retrieval service`,
      enabled: trading,
      runner: 'openclaw',
      payload: { kind: 'command', command: 'fetch-prices', timeout_seconds: 20 },
    },
    {
      ...common,
      name: 'run-algorithm',
      schedule: schedule('run-algorithm', ALGORITHM_SECONDS[settings.algorithm_mode]),
      message: algorithmMessage(settings, assets),
      enabled: trading,
      runner: 'openclaw',
      payload: { kind: 'agent_turn', tools_allow: [...ALGORITHM_TOOLS], light_context: true, timeout_seconds: AGENT_TURN_TIMEOUT_SECONDS },
    },
    {
      ...common,
      name: 'risk-check',
      schedule: schedule('risk-check', RISK_CHECK_SECONDS),
      message: 'Check open positions against the risk caps',
      enabled: true,
      runner: 'openclaw',
      payload: { kind: 'command', command: 'risk-check', timeout_seconds: 30 },
    },
    {
      ...common,
      name: 'health-ping',
      schedule: schedule('health-ping', HEALTH_PING_SECONDS),
      message: 'POST heartbeat to the control plane',
      enabled: true,
      runner: 'agent',
      payload: { kind: 'agent_loop' },
    },
    {
      ...common,
      name: 'config-sync',
      schedule: schedule('config-sync', CONFIG_SYNC_SECONDS),
      message: 'Pull the latest config from the control plane',
      enabled: true,
      runner: 'agent',
      payload: { kind: 'agent_loop' },
    },
  ];
}

/** The only tools an unattended trading turn gets: it may read its workspace, and nothing that writes or runs. */
export const ALGORITHM_TOOLS = ['read'] as const;

function algorithmMessage(settings: BotSettings, assets: string): string {
  const caps = settings.risk_caps;
  const knobs = Object.entries(settings.signal_knobs).filter(([, on]) => on).map(([knob]) => knob.replaceAll('_', ' '));
  return [
    `Run the ${ALGORITHM_NAMES[settings.algorithm_mode]} algorithm on current data for ${assets}.`,
    `Mode: ${settings.trading_mode}. Strictness: ${settings.strictness}. Signals: ${knobs.join(', ') || 'none'}.`,
    `Caps: ${caps.max_position_size_percent} % per position, ${caps.max_daily_loss_usd} USD daily loss, ` +
      `${caps.max_drawdown_percent} % drawdown, ${caps.max_trades_per_day} trades a day.`,
    'Answer with one line per asset: buy, sell or hold, and why.',
  ].join('\n');
}
