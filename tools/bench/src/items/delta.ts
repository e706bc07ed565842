import { BotSettings, type BotSettingsInput } from '@trawling/contracts';
import { createBotHttp, createCallLog, createSimulatedBot, openConnections } from '@trawling/fleet-simulator';
import { systemClock, uuid7 } from '@trawling/runtime';
import { type Result } from '../report/result.js';
import { commitVersions } from '../seed/commit-versions.js';
import { makeBot } from '../seed/make-fleet.js';
import { writeBots } from '../seed/write-fleet.js';
import { type Item } from './item.js';

/** Who may write to the bot in Telegram: the setting of ours that grows. 16,500 of them are 200 KB. */
const ALLOWED = 16_500;
const PERCENT = 2;

/** Issue: a one-field change of a 200 KB config costs at most 2 % of the bytes of a full fetch. */
export const delta: Item = {
  name: 'delta',
  title: 'Bytes of a one-field change of a 200 KB config',
  async run({ world }) {
    const allowFrom = Array.from({ length: ALLOWED }, (_, index) => String(100_000_000 + index * 61_803));
    const large: Partial<BotSettingsInput> = { openclaw: { channels: { telegram: { allowFrom } } } };
    const bot = await makeBot(world.keys, world.bots.length, large);
    await writeBots(world.db, world.keys, [bot]);
    const server = await world.startSyncAdapter();
    const log = createCallLog();
    const connections = openConnections(new URL(server.url), { atMost: 1 });
    try {
      const { monotonicMs, now } = systemClock;
      const { signal } = new AbortController();
      const http = createBotHttp({ credential: bot.credential, connections: { quick: connections, patient: connections }, log, monotonicMs, signal });
      const machine = createSimulatedBot(
        { http, log, now, newId: uuid7, rootPublicJwk: world.keys.rootPublicJwk },
        { bot_id: bot.id, generation: 1, credential: bot.credential },
      );
      await machine.look(0);
      const full = log.summary().calls['config']?.bytes ?? 0;

      const settings = BotSettings.parse({ ...bot.settings, risk_caps: { ...bot.settings.risk_caps, max_trades_per_day: 11 } });
      await commitVersions(world, [{ botId: bot.id, version: 2, snapshot: await world.keys.snapshot({ botId: bot.id, settings, version: 2 }) }]);
      log.reset();
      while (machine.applied()?.version !== 2) await machine.look(10);
      const { calls, counts, errors } = log.summary();
      const changed = (calls['config wait']?.bytes ?? 0) + (calls['config']?.bytes ?? 0);
      world.say(`  the whole config ${full} bytes, the change ${changed} bytes ${counts['verified deltas'] ? 'as a patch' : 'as a whole'} ${Object.keys(errors).join(', ')}`);
      return { delta_bytes: share(changed, full) };
    } finally {
      await connections.close();
      await server.stop();
    }
  },
};

const share = (value: number, baseline: number): Result => ({
  value,
  unit: 'bytes',
  baseline,
  ratio: value / baseline,
  target: `ratio ≤ ${PERCENT / 100}`,
  met: value > 0 && value / baseline <= PERCENT / 100,
});
