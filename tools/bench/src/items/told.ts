import { systemClock } from '@trawling/runtime';
import { type LiveFleet, withLiveFleet } from '../fleet/live-fleet.js';
import { below, median, type Results } from '../report/result.js';
import { commitVersions, type NextVersion } from '../seed/commit-versions.js';
import { type SeededBot } from '../seed/make-fleet.js';
import { type Item, type ItemDeps } from './item.js';

/** Between two single changes; after it, what is told of one cannot be mistaken for the next. */
const PAUSE_MS = 50;
/** For every bot to be told, on a slow machine; the safety poll would hide a lost hint later. */
const TOLD_MS = 20_000;
/** For every bot to have fetched, verified and acknowledged, which a few processes on one core do for all of them. */
const APPLIED_MS = 240_000;

/** Issue: one bulk change of all connected bots below 2 s, single changes below 100 ms in the median. */
export const told: Item = {
  name: 'told',
  title: 'From the commit of a change to the hint in the bot’s hand, with the whole fleet connected',
  run: (deps) =>
    withLiveFleet(deps, 'stream', async (live) => {
      const versions = new Map(deps.world.bots.map(({ id }) => [id, 1]));
      return { ...(await tellOne(deps, live, versions)), ...(await tellAll(deps, live, versions)) };
    }),
};

/** Version after version, per bot. */
type Versions = Map<string, number>;

async function nextVersion({ world }: ItemDeps, bot: SeededBot, versions: Versions): Promise<NextVersion> {
  const version = (versions.get(bot.id) ?? 1) + 1;
  versions.set(bot.id, version);
  const settings = { ...bot.settings, risk_caps: { ...bot.settings.risk_caps, max_trades_per_day: version } };
  return { botId: bot.id, version, snapshot: await world.keys.snapshot({ botId: bot.id, settings, version }) };
}

async function tellOne(deps: ItemDeps, live: LiveFleet, versions: Versions): Promise<Results> {
  const { world, pace } = deps;
  const step = Math.max(1, Math.floor(world.bots.length / pace.changes));
  const chosen = world.bots.filter((_, index) => index % step === 0).slice(0, pace.changes);
  const changes = await Promise.all(chosen.map((bot) => nextVersion(deps, bot, versions)));
  await live.fleet.reset();
  const committed = new Map<string, number>();
  for (const change of changes) {
    committed.set(change.botId, await commitVersions(world, [change]));
    await systemClock.sleep(PAUSE_MS);
  }
  const delays = await untilTold(live, committed);
  world.say(`  ${delays.length} single changes: ${median(delays).toFixed(1)} ms in the median, ${Math.max(...delays).toFixed(1)} ms at worst`);
  return { told_single: below(median(delays), 'ms', 100) };
}

async function tellAll(deps: ItemDeps, live: LiveFleet, versions: Versions): Promise<Results> {
  const { world } = deps;
  const delays: number[] = [];
  for (let round = 1; round <= deps.pace.runs; round++) {
    const changes: NextVersion[] = [];
    for (const bot of world.bots) changes.push(await nextVersion(deps, bot, versions));
    await live.fleet.reset();
    const at = await commitVersions(world, changes);
    const all = await untilTold(live, new Map(world.bots.map(({ id }) => [id, at])));
    const applied = await untilApplied(live, world.bots.length, at);
    world.say(`  ${round}/${deps.pace.runs} all ${all.length} bots told after ${(Math.max(...all) / 1000).toFixed(2)} s (median ${(median(all) / 1000).toFixed(2)} s); ${applied}`);
    delays.push(Math.max(...all) / 1000);
  }
  return { told_bulk: below(median(delays), 's', 2) };
}

/** Milliseconds from each commit to the first hint of that bot after it. */
async function untilTold(live: LiveFleet, committed: ReadonlyMap<string, number>): Promise<number[]> {
  for (const giveUpAt = performance.now() + TOLD_MS; ; await systemClock.sleep(100)) {
    const { hinted } = await live.fleet.report();
    const first = new Map<string, number>();
    for (const { bot_id, at } of hinted) {
      const since = committed.get(bot_id);
      if (since !== undefined && at >= since && !first.has(bot_id)) first.set(bot_id, at - since);
    }
    if (first.size === committed.size) return [...first.values()];
    if (performance.now() > giveUpAt) throw new Error(`only ${first.size} of ${committed.size} bots were told of their change`);
  }
}

/** In words: verifying ten thousand signatures at once is work for the simulator, not for the server, so nothing is measured by it. */
async function untilApplied(live: LiveFleet, bots: number, since: number): Promise<string> {
  for (const giveUpAt = performance.now() + APPLIED_MS; ; await systemClock.sleep(100)) {
    const { summary } = await live.fleet.report();
    const count = summary.counts['applied'] ?? 0;
    const seconds = (performance.timeOrigin + performance.now() - since) / 1000;
    const errors = Object.entries(summary.errors).map(([what, times]) => `, ${times} × ${what}`).join('');
    if (count >= bots) return `all fetched and acknowledged after ${seconds.toFixed(1)} s${errors}`;
    if (performance.now() > giveUpAt) return `${count} fetched and acknowledged after ${seconds.toFixed(1)} s${errors}`;
  }
}
