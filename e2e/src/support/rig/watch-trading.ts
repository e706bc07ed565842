import { type FakeDigitalOcean } from '@trawling/digitalocean-fake';
import { systemClock } from '@trawling/runtime';
import { type FaultBot } from './fault-bot.js';
import { type Rig } from './rig.js';

export type TradingWatch = {
  /** From now on the machine of this generation is looked at, too. */
  add: (bot: FaultBot, generation: number) => void;
  /** Which generations traded, moment after moment, each told once while it lasts: `[[1], [], [2]]` is a good end. */
  seen: (botId: string) => number[][];
  stop: () => Promise<void>;
};

const LOOK_MS = 20;

/**
 * Looks all the time which machines of each bot trade: those that there are, with the trading job enabled in the config
 * that they run. That is the worst of all offline policies, for those only ever stop a machine earlier; a machine that
 * nobody reaches runs what it ran, and ends with its droplet.
 */
export function watchTrading(rig: Rig, cloud: FakeDigitalOcean): TradingWatch {
  const machines: { bot: FaultBot; generation: number }[] = [];
  const jobs = new Map<string, boolean>();
  const seen = new Map<string, number[][]>();
  const life = new AbortController();

  const exists = (botId: string, generation: number): boolean => {
    const goneAt = cloud.history().find(({ name }) => name === `bot-${botId}-g${generation}`)?.goneAt;
    return goneAt === null || (goneAt !== undefined && goneAt > Date.now());
  };
  /** Whether the job that trades is enabled in this version, as it was signed. */
  async function hasTradingJob(botId: string, version: number): Promise<boolean> {
    const key = `${botId}/${version}`;
    const known = jobs.get(key);
    if (known !== undefined) return known;
    const rows = await rig.query<{ enabled: boolean }>(
      `SELECT (job ->> 'enabled')::boolean AS enabled FROM config_version, jsonb_array_elements(payload::jsonb -> 'cron_jobs') AS job
       WHERE bot_id = $1 AND version = $2 AND job ->> 'name' = 'run-algorithm'`,
      [botId, version],
    );
    const [row] = rows;
    if (!row) throw new Error(`version ${version} of ${botId} has no trading job`);
    jobs.set(key, row.enabled);
    return row.enabled;
  }
  async function look(): Promise<void> {
    // All of it at one moment; what the versions say does not change any more.
    const moment = machines.map(({ bot, generation }) => ({ botId: bot.botId, generation, runs: exists(bot.botId, generation) ? bot.runs() : null }));
    for (const botId of new Set(moment.map((machine) => machine.botId))) {
      const trading: number[] = [];
      for (const { generation, runs } of moment.filter((machine) => machine.botId === botId)) {
        if (runs !== null && (await hasTradingJob(botId, runs))) trading.push(generation);
      }
      const story = seen.get(botId) ?? [];
      if (story.at(-1)?.join() !== trading.join()) story.push(trading);
      seen.set(botId, story);
    }
  }
  const ended = (async () => {
    while (!life.signal.aborted) {
      await look();
      await systemClock.sleep(LOOK_MS, life.signal);
    }
  })();
  ended.catch(() => undefined);
  return {
    add: (bot, generation) => void machines.push({ bot, generation }),
    seen: (botId) => seen.get(botId) ?? [],
    async stop() {
      life.abort();
      await ended;
    },
  };
}
