import { systemClock } from '@trawling/runtime';
import { type ItemDeps } from '../items/item.js';
import { pin } from '../world/pin.js';
import { type RunningServer } from '../world/start-server.js';
import { type FleetProcesses, startFleetProcesses } from './start-fleet-processes.js';

export type LiveFleet = { server: RunningServer; fleet: FleetProcesses; peakRssBytes: () => number; cpuShare: () => number; restart: () => void };

const METRICS_SECONDS = 60;
const LONG_POLL_SECONDS = 50;
/** Few processes on one core read the hints of all bots: they may not be busy with the configs of the first when those of the last come. */
const LOOK_WITHIN_SECONDS = 5;
/** Of bots that hold a stream: what a proxy in front of the server keeps open for their other calls. */
const SHARED_CONNECTIONS = 128;
/** More would stand still for shorter, and cost more: code that runs seldom stays slow code, and they share a core with Postgres. */
const FLEET_PROCESSES = 3;
/** Bots of all processes that fetch and check their first config at once. */
const STARTING_AT_ONCE = 100;
/** On top of the ramp, for a slow machine. */
const SYNC_MS = 240_000;
const SAMPLE_MS = 500;

/**
 * The whole fleet up and in step with one sync-adapter, which has one core to itself while everybody else stays off it.
 * `use` gets it when every bot has applied its config; everything is put back after.
 */
export async function withLiveFleet<T>({ world, pace }: ItemDeps, mode: 'poll' | 'stream', use: (live: LiveFleet) => Promise<T>): Promise<T> {
  const server = await world.startSyncAdapter();
  const fleet = startFleetProcesses({ node: world.node.path, script: world.fleetScript }, Math.min(FLEET_PROCESSES, world.bots.length));
  const pinned = pin(server.pid, 'server core');
  // New sessions of Postgres are its children, and inherit where they may run.
  if (pinned) pin(world.postgres.pid, 'other cores');
  else world.say('  the processes cannot be bound to cores here (taskset): the server may use more than one');

  let peak = 0;
  let since = { cpu: 0, at: 0 };
  const sample = (): void => void (peak = Math.max(peak, server.usage()?.rssBytes ?? 0));
  const restart = (): void => {
    peak = 0;
    since = { cpu: server.usage()?.cpuSeconds ?? 0, at: performance.now() };
    sample();
  };
  const sampling = setInterval(sample, SAMPLE_MS);
  try {
    restart();
    const connections = mode === 'poll' ? ('own' as const) : SHARED_CONNECTIONS;
    const { rampSeconds } = pace;
    const pacing = { lookWithinSeconds: LOOK_WITHIN_SECONDS, rampSeconds, metricsSeconds: METRICS_SECONDS, waitSeconds: LONG_POLL_SECONDS, connections, startingAtOnce: STARTING_AT_ONCE };
    await fleet.start({ url: server.url, fleetFile: world.fleetFile, mode, ...pacing });
    await untilInStep(fleet, { ms: rampSeconds * 1000 + SYNC_MS, streams: mode === 'stream' });
    const cpuShare = (): number => ((server.usage()?.cpuSeconds ?? 0) - since.cpu) / ((performance.now() - since.at) / 1000);
    return await use({ server, fleet, peakRssBytes: () => peak, cpuShare, restart });
  } finally {
    clearInterval(sampling);
    await fleet.end();
    await server.stop();
    if (pinned) pin(world.postgres.pid, 'all cores');
  }
}

async function untilInStep(fleet: FleetProcesses, limit: { ms: number; streams: boolean }): Promise<void> {
  for (const giveUpAt = performance.now() + limit.ms; ; ) {
    const { summary } = await fleet.report();
    if (summary.synced === summary.bots && (!limit.streams || summary.streams === summary.bots)) return;
    if (performance.now() > giveUpAt) {
      throw new Error(`only ${summary.synced} of ${summary.bots} bots came in step, ${summary.streams} with a stream: ${JSON.stringify({ ...summary.errors, ...summary.counts })}`);
    }
    await systemClock.sleep(1_000);
  }
}
