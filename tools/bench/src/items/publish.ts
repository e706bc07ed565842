import { InstanceList } from '@trawling/contracts';
import { systemClock, withReleasers } from '@trawling/runtime';
import { join } from 'node:path';
import { type PublisherCommand, PublisherReport } from '../publish/publisher-command.js';
import { atMost, below, median, type Results } from '../report/result.js';
import { openInstallation, type Installation } from '../world/open-installation.js';
import { pin } from '../world/pin.js';
import { type Child, startChild } from '../world/start-child.js';
import { type Item, type ItemDeps } from './item.js';

/** Three times as often as publishers usually do. */
const EVERY_SECONDS = 10;
const SAMPLE_MS = 1_000;
const PAGE = 200;

/** Issue: 1,000 publishers against one receiver for one minute: no lost final `offline`, p99 below 50 ms, memory flat. */
export const publish: Item = {
  name: 'publish',
  title: 'Publishers of their status against one receiver, each stopped in order at the end',
  async run(deps) {
    const opened = await withReleasers(async (onStop) => {
      const installation = await openInstallation(onStop, deps.world);
      pin(installation.controlPlane.pid, 'server core');
      const child: Child<PublisherCommand, PublisherReport> = startChild({ node: deps.world.node.path, script: join(deps.world.root, 'tools/bench/dist/publisher-process.js') }, PublisherReport);
      onStop(() => child.end(), 'publishers');
      return watch(deps, installation, child);
    });
    await opened.stop();
    return opened.value;
  },
};

async function watch({ pace, world }: ItemDeps, installation: Installation, child: Child<PublisherCommand, PublisherReport>): Promise<Results> {
  const { count, seconds, stopSeconds } = pace.publishers;
  const memory: number[] = [];
  const sampling = setInterval(() => memory.push(installation.controlPlane.usage()?.rssBytes ?? 0), SAMPLE_MS);
  try {
    await child.ask({ do: 'start', url: installation.controlPlane.url, apiKey: await installation.makeApiKey('publishers', 'publisher'), count, everySeconds: EVERY_SECONDS, overSeconds: stopSeconds });
    await systemClock.sleep(seconds * 1000);
    const { latencies, failures } = await child.ask({ do: 'stop', overSeconds: stopSeconds });
    const offline = await countOffline(installation);
    const third = Math.max(1, Math.floor(memory.length / 3));
    const growth = (median(memory.slice(-third)) / median(memory.slice(third, 2 * third)) - 1) * 100;
    const p99 = latencies[Math.ceil(latencies.length * 0.99) - 1] ?? 0;
    const failed = Object.values(failures).reduce((sum, one) => sum + one, 0);
    world.say(`  ${latencies.length} statuses of ${count} publishers in ${seconds + stopSeconds} s: ${latencies.length > 0 ? median(latencies).toFixed(1) : '-'} ms in the median, ${p99.toFixed(1)} ms (p99); receiver at ${(Math.max(...memory) / 1e6).toFixed(0)} MB; ${offline} said goodbye`);
    for (const [reason, times] of Object.entries(failures)) world.say(`  ${times} × ${reason}`);
    return {
      publish_p99: below(p99, 'ms', 50),
      publish_lost_offline: below(count - offline, 'publishers', 0),
      publish_failed: below(failed, 'attempts', 0),
      publish_memory_growth: atMost(growth, '%', 10),
    };
  } finally {
    clearInterval(sampling);
  }
}

/** Asked right after the last goodbye: nobody can be offline by silence yet. */
async function countOffline({ controlPlane, apiKey }: Installation): Promise<number> {
  let offline = 0;
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = new URLSearchParams({ service: 'bench', status: 'offline', limit: String(PAGE), ...(cursor && { cursor }) });
    const answer = await fetch(`${controlPlane.url}/openclaw/instances?${query.toString()}`, { headers: { authorization: `Bearer ${apiKey}` } });
    if (!answer.ok) throw new Error(`the directory answered ${answer.status}: ${await answer.text()}`);
    const page = InstanceList.parse(await answer.json());
    offline += page.instances.length;
    cursor = page.next_cursor;
  }
  return offline;
}
