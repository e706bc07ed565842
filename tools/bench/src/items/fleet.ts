import { slowestCall } from '../fleet/slowest-call.js';
import { withLiveFleet } from '../fleet/live-fleet.js';
import { below, type Results } from '../report/result.js';
import { systemClock } from '@trawling/runtime';
import { type Item, type ItemDeps } from './item.js';

/** Issue: ten thousand bots on one core plus Postgres: p99 below 50 ms, less than 400 MB, no error. */
export const fleet: Item = {
  name: 'fleet',
  title: 'A fleet that lives: heartbeats every 30 s, metrics every 60 s, by poll and by stream',
  run: async (deps) => ({ ...(await watch(deps, 'poll')), ...(await watch(deps, 'stream')) }),
};

async function watch(deps: ItemDeps, mode: 'poll' | 'stream'): Promise<Results> {
  const { world, pace } = deps;
  return withLiveFleet(deps, mode, async (live) => {
    const starting = (await live.fleet.report()).summary;
    world.say(`  ${mode}: ${starting.bots} bots in step after ${starting.seconds.toFixed(0)} s, the server at ${mb(live.peakRssBytes())} MB`);
    // Memory counts from the start: a storm of connections is part of a fleet's life.
    await live.fleet.reset();
    await systemClock.sleep(pace.fleetSeconds * 1000);
    const { summary } = await live.fleet.report();
    const { p99, slowest } = slowestCall(summary);
    const errors = Object.entries({ ...starting.errors, ...summary.errors });
    world.say(
      `  ${mode}: ${(Object.values(summary.calls).reduce((sum, call) => sum + call.count, 0) / summary.seconds).toFixed(0)} calls/s, worst p99 ${p99.toFixed(1)} ms (${slowest}), ` +
        `server ${(live.cpuShare() * 100).toFixed(0)} % of a core and ${mb(live.peakRssBytes())} MB, simulator late by ${summary.event_loop_p99_ms.toFixed(1)} ms (p99)`,
    );
    for (const [name, call] of Object.entries(summary.calls)) {
      world.say(`    ${name.padEnd(12)} ${(call.count / summary.seconds).toFixed(0).padStart(5)}/s  p50 ${call.p50.toFixed(1)} ms, p95 ${call.p95.toFixed(1)} ms, p99 ${call.p99.toFixed(1)} ms`);
    }
    for (const [what, count] of errors) world.say(`  ${mode}: ${count} × ${what}`);
    return {
      [`fleet_${mode}_p99`]: below(p99, 'ms', 50),
      [`fleet_${mode}_rss`]: below(live.peakRssBytes() / 1e6, 'MB', 400),
      [`fleet_${mode}_errors`]: below(errors.reduce((sum, [, count]) => sum + count, 0), 'errors', 0),
    };
  });
}

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);
