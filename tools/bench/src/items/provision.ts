import { systemClock, withReleasers } from '@trawling/runtime';
import { atMost, below, median, type Results } from '../report/result.js';
import { openProvisioning, type Provisioning } from '../world/open-provisioning.js';
import { simulateHeartbeats } from '../world/simulate-heartbeats.js';
import { makeBots } from './make-bots.js';
import { type Item, type ItemDeps } from './item.js';

/** DigitalOcean's own. */
const LIMITS = { minute: 250, hour: 5_000 };
/** Two look-ups, by tag and by name, and the create. */
const REQUESTS_OF_ONE_BOT = 3;
const MINUTE_MS = 60_000;
const WARM_UP_BOTS = 10;
/** For a burst to be asked for, and for all bots made at once to be online: 1,000 bots need some 14 minutes by the limits alone. */
const ASKED_WITHIN_MS = 3 * MINUTE_MS;
const ONLINE_WITHIN_MS = 40 * MINUTE_MS;

/** Issue: 50 bots a minute from POST /bots to a droplet asked for, within both windows; POST below 50 ms; 1,000 at once all end online. */
export const provision: Item = {
  name: 'provision',
  title: 'From POST /bots to a droplet asked for, by two provisioners at a DigitalOcean that answers at once',
  async run(deps) {
    const opened = await withReleasers(async (onStop) => {
      const there = await openProvisioning(onStop, deps.world);
      onStop(simulateHeartbeats(there), 'heartbeats');
      const bursts = await runBursts(deps, there);
      const crowd = await runCrowd(deps, there);
      return { ...bursts, ...crowd, ...windows(there) };
    });
    await opened.stop();
    return opened.value;
  },
};

/** A burst at the beginning of each minute. */
async function runBursts(deps: ItemDeps, there: Provisioning): Promise<Results> {
  const { minutes, bots } = deps.pace.bursts;
  const { say } = deps.world;
  const posts: number[] = [];
  const botIds: string[] = [];
  const delays: number[] = [];
  // The first requests of a server that just started say little about it.
  await makeBots(there, { count: WARM_UP_BOTS, connections: 1 });
  for (let minute = 1; minute <= minutes; minute += 1) {
    const begunAt = systemClock.monotonicMs();
    const made = await makeBots(there, { count: bots, connections: 1 });
    posts.push(...made.map(({ tookMs }) => tookMs));
    botIds.push(...made.map(({ botId }) => botId));
    const asked = await untilAsked(there, made.map(({ botId, answeredAt }) => ({ botId, since: answeredAt })));
    delays.push(...asked);
    say(`  ${minute}/${minutes} ${bots} bots: POST ${median(made.map(({ tookMs }) => tookMs)).toFixed(1)} ms in the median, ${percentile(made.map(({ tookMs }) => tookMs), 95).toFixed(1)} ms (p95); droplet asked for after ${(median(asked) / 1000).toFixed(2)} s in the median, ${(Math.max(...asked) / 1000).toFixed(2)} s at worst`);
    if (minute < minutes) await systemClock.sleep(Math.max(0, MINUTE_MS - (systemClock.monotonicMs() - begunAt)));
  }
  return {
    provision_post_p95: below(percentile(posts, 95), 'ms', 50),
    provision_burst_worst: below(Math.max(...delays) / 1000, 's', 60),
    provision_requests_per_bot: atMost(requestsAbout(there, botIds) / botIds.length, 'requests', REQUESTS_OF_ONE_BOT),
  };
}

/** All at once, and then as fast as the limits allow. */
async function runCrowd(deps: ItemDeps, there: Provisioning): Promise<Results> {
  const { atOnce } = deps.pace.bursts;
  const { say } = deps.world;
  const before = there.cloud.rates().served;
  const begunAt = systemClock.monotonicMs();
  const made = await makeBots(there, { count: atOnce, connections: 8 });
  say(`  ${atOnce} bots made in ${((systemClock.monotonicMs() - begunAt) / 1000).toFixed(1)} s, POST ${percentile(made.map(({ tookMs }) => tookMs), 95).toFixed(1)} ms (p95) on 8 connections`);
  const offline = await untilOnline(there, made.map(({ botId }) => botId), say);
  const seconds = (systemClock.monotonicMs() - begunAt) / 1000;
  const perBot = (there.cloud.rates().served - before) / atOnce;
  const ofBots = requestsAbout(there, made.map(({ botId }) => botId)) / atOnce;
  const names = there.cloud.droplets().map(({ name }) => name);
  const twice = names.length - new Set(names).size;
  say(`  ${atOnce - offline} of ${atOnce} online after ${seconds.toFixed(0)} s; ${perBot.toFixed(2)} requests per bot, ${ofBots.toFixed(2)} of them about that bot: ${Math.floor(LIMITS.hour / perBot)} bots an hour can be sustained, ${Math.floor(LIMITS.minute / perBot)} in one minute`);
  return {
    provision_crowd_offline: below(offline, 'bots', 0),
    provision_crowd_duplicates: below(twice, 'droplets', 0),
    provision_crowd_requests_per_bot: below(perBot, 'requests', 4),
  };
}

/** Requests about these bots' droplets; the others are lists of the fleet and what is asked of the account. */
function requestsAbout({ cloud }: Provisioning, botIds: readonly string[]): number {
  const ids = new Set(botIds);
  const numbers = new Map(cloud.history().map(({ id, name }) => [String(id), name]));
  const botOf = (name: string): string | undefined => /(?:bot:|bot-)([0-9a-f-]{36})/.exec(name)?.[1];
  return cloud.requests().filter(({ path, query, body }) => {
    const number = /^\/v2\/droplets\/(\d+)/.exec(path)?.[1];
    const about = botOf(query['tag_name'] ?? query['name'] ?? (typeof body['name'] === 'string' ? body['name'] : numbers.get(number ?? '') ?? ''));
    return about !== undefined && ids.has(about);
  }).length;
}

function windows({ cloud }: Provisioning): Results {
  const { peak_minute: minute, peak_hour: hour, refused } = cloud.rates();
  return {
    provision_peak_minute: below(minute, 'requests', LIMITS.minute + 1),
    provision_peak_hour: below(hour, 'requests', LIMITS.hour + 1),
    provision_refused: below(refused, 'requests', 0),
  };
}

/** Milliseconds from each bot's answer to the create of its droplet at DigitalOcean. */
async function untilAsked({ cloud }: Provisioning, bots: readonly { botId: string; since: number }[]): Promise<number[]> {
  for (const giveUpAt = systemClock.monotonicMs() + ASKED_WITHIN_MS; ; await systemClock.sleep(50)) {
    const at = new Map(cloud.droplets().map(({ name, createdAt }) => [name, createdAt]));
    const delays = bots.flatMap(({ botId, since }) => {
      const created = at.get(`bot-${botId}-g1`);
      return created === undefined ? [] : [Math.max(0, created - since)];
    });
    if (delays.length === bots.length) return delays;
    if (systemClock.monotonicMs() > giveUpAt) throw new Error(`only ${delays.length} of ${bots.length} droplets were asked for`);
  }
}

/** How many are not. */
async function untilOnline({ db }: Provisioning, botIds: readonly string[], say: (line: string) => void): Promise<number> {
  let said = systemClock.monotonicMs();
  for (const giveUpAt = said + ONLINE_WITHIN_MS; ; await systemClock.sleep(500)) {
    const { rows } = await db.pool.query<{ online: number }>(
      `SELECT count(*)::int AS online FROM machine WHERE bot_id = ANY ($1::uuid[]) AND state = 'online'`, [botIds],
    );
    const online = rows[0]?.online ?? 0;
    if (online === botIds.length || systemClock.monotonicMs() > giveUpAt) return botIds.length - online;
    if (systemClock.monotonicMs() - said < MINUTE_MS) continue;
    said = systemClock.monotonicMs();
    say(`  ${online} of ${botIds.length} online`);
  }
}

function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)] ?? 0;
}
